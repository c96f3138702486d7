// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "sluice/cpp/json.hpp"
#include "sluice/testing/json_change.hpp"

using sluice::json;
using sluice::testing::change_json;
using sluice::testing::JsonChange;

TEST_CASE("unknown members come into every object and change nothing else") {
  const std::string text = R"( {"a": 1.10, "b": [{}, {"c": "\"}"}], "d" : {} } )";
  const std::string changed = change_json(text, JsonChange::kAddFields);
  json got = json::parse(changed);
  CHECK(changed.find("1.10") != std::string::npos);
  for (json* object : {&got, &got.at("b").at(0), &got.at("b").at(1), &got.at("d")}) {
    CHECK(object->at("zz_new_text") == "7");
    CHECK(object->at("zz_new_object").at("kind") == 1);
    object->erase("zz_new_text");
    object->erase("zz_new_object");
  }
  CHECK(got == json::parse(text));
}

TEST_CASE("a table of records by id gets new fields and no new record") {
  const json got =
      json::parse(change_json(R"({"17":{"hash":17},"18":{"x":{}}})", JsonChange::kAddFields, 1));
  CHECK(got.size() == 2);
  CHECK(got.at("17").size() == 3);
  CHECK(got.at("18").at("x").size() == 2);
}

TEST_CASE("numbers become texts and back, digit by digit") {
  const std::string numbers =
      R"({"n":-12345678901234567890.10,"e":1e-7,"l":[0,[7]],"t":"5","w":[true,null]})";
  const std::string texts =
      R"({"n":"-12345678901234567890.10","e":"1e-7","l":["0",["7"]],"t":"5","w":[true,null]})";
  CHECK(change_json(numbers, JsonChange::kNumbersAsText) == texts);
  CHECK(change_json(texts, JsonChange::kTextAsNumbers) ==
        R"({"n":-12345678901234567890.10,"e":"1e-7","l":[0,[7]],"t":5,"w":[true,null]})");
  CHECK(change_json(R"({"1":"1","a":["01","+1","1.","-","","1 ","0.50","-0"]})",
                    JsonChange::kTextAsNumbers) ==
        R"({"1":1,"a":["01","+1","1.","-","","1 ",0.50,-0]})");
}

TEST_CASE("lists are emptied, objects where it is asked for") {
  CHECK(change_json(R"([1,[2]])", JsonChange::kEmpty) == "[]");
  CHECK(change_json(R"({"a":{"b":[1]},"c":2})", JsonChange::kEmpty) == R"({"a":{"b":[]},"c":2})");
  CHECK(change_json(R"({"a":{"b":[1]},"c":2})", JsonChange::kEmpty, 0) == "{}");
  CHECK(change_json(R"({"a":{"b":[1]},"c":2})", JsonChange::kEmpty, 1) == R"({"a":{},"c":2})");
}

TEST_CASE("what is no JSON stays as it is") {
  for (const std::string text : {"", "<html>", "{\"a\":1", "[1,]", "{\"a\" 1}", "[1] x", "nul",
                                 "{1:2}", "\"open", "Too Many Requests"}) {
    CAPTURE(text);
    CHECK(change_json(text, JsonChange::kAddFields) == text);
    CHECK(change_json(text, JsonChange::kEmpty) == text);
  }
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(change_json(deep, JsonChange::kEmpty) == deep);
}
