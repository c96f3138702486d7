// SPDX-License-Identifier: Apache-2.0
//
// The plugin's configuration as it is written.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sluice/cpp/config_struct.hpp"

namespace rest {

struct FieldConfig {
  std::string name;
  std::string type = "text";
  std::optional<std::string> from;
  std::optional<std::string> value;
  bool required = false;
  std::vector<sluice::json> null;
  std::string epoch;
  int precision = 38;
  int scale = 18;
  std::string unit;
  std::string doc;

  static constexpr auto fields() {
    using sluice::optional;
    return std::tuple{
        sluice::required("name", &FieldConfig::name, R"("minLength":1)").doc("Name of the column."),
        optional("type", &FieldConfig::type,
                 R"("enum":["bool","int32","int64","float64","decimal","text","date","timestamp",)"
                 R"("json"])")
            .doc("Type of the column."),
        optional("from", &FieldConfig::from)
            .doc("Where it stands in a record: a name, a JSON Pointer, $name for the record's own "
                 "name in an object of records, $record for the whole record, $value for a record "
                 "that is no object but a number or text. Without it and "
                 "without value: the name of the column."),
        optional("value", &FieldConfig::value)
            .doc("Template of a value that is not in the record."),
        optional("required", &FieldConfig::required)
            .doc("Whether a record without it is set aside; else it is null."),
        optional("null", &FieldConfig::null).doc("Values that mean null, such as -1."),
        optional("epoch", &FieldConfig::epoch, R"("enum":["","s","ms","us"])")
            .doc("What numbers of a timestamp or date count since 1970."),
        optional("precision", &FieldConfig::precision, R"("minimum":1,"maximum":38)")
            .doc("decimal: digits."),
        optional("scale", &FieldConfig::scale, R"("minimum":0,"maximum":38)")
            .doc("decimal: digits after the point."),
        optional("unit", &FieldConfig::unit).doc("Unit of the values."),
        optional("doc", &FieldConfig::doc).doc("What it is, in a sentence.")};
  }
};

struct PagesConfig {
  std::string style;
  std::optional<std::string> param;
  std::optional<int64_t> first;
  int64_t size = 0;
  std::optional<std::string> size_param;
  std::string cursor;
  std::string cursor_header;
  std::string cursor_record;
  std::string next;
  std::string more;
  std::string last_page;
  std::string total;
  std::optional<bool> short_ends;
  std::optional<bool> empty_ends;
  int64_t max = 100'000;

  static constexpr auto fields() {
    using sluice::optional;
    return std::tuple{
        sluice::required("style", &PagesConfig::style,
                         R"("enum":["page","offset","cursor","link","next","time"])")
            .doc("How a request says which page it wants."),
        optional("param", &PagesConfig::param)
            .doc("Query parameter of page, offset and cursor. Without it the style's name, unless "
                 "a template has it already."),
        optional("first", &PagesConfig::first)
            .doc("Number of the first page (1), or the first offset (0)."),
        optional("size", &PagesConfig::size, R"("minimum":0)")
            .doc("Records asked for per page. 0: what the service likes."),
        optional("size_param", &PagesConfig::size_param)
            .doc("Query parameter of the size. Without it limit, unless a template has {size}."),
        optional("cursor", &PagesConfig::cursor)
            .doc("JSON Pointer to the next cursor in the answer."),
        optional("cursor_header", &PagesConfig::cursor_header)
            .doc("Header of the answer with the next cursor."),
        optional("cursor_record", &PagesConfig::cursor_record)
            .doc("JSON Pointer into a page's last record that is the next cursor."),
        optional("next", &PagesConfig::next)
            .doc("next: JSON Pointer to the address of the next page."),
        optional("more", &PagesConfig::more).doc("JSON Pointer to a flag; false ends the paging."),
        optional("last_page", &PagesConfig::last_page)
            .doc("JSON Pointer to the number of the last page."),
        optional("total", &PagesConfig::total).doc("JSON Pointer to the number of all records."),
        optional("short_ends", &PagesConfig::short_ends)
            .doc(
                "Whether a page of fewer records than size is the last. Without it true, but false "
                "where the answer itself names the next page: cursor, cursor_header, link, next."),
        optional("empty_ends", &PagesConfig::empty_ends)
            .doc("Whether a page without records is the last. Without it as for short_ends."),
        optional("max", &PagesConfig::max, R"("minimum":1)")
            .doc("Pages of one slice; more are an error.")};
  }
};

struct OverConfig {
  std::vector<std::string> list;
  std::vector<int64_t> range;
  std::string stream;
  std::vector<std::string> by;
  std::vector<std::string> carry;
  std::string from;
  std::string validator;
  std::string title;

  static constexpr auto fields() {
    using sluice::optional;
    return std::tuple{
        optional("list", &OverConfig::list).doc("Values, one for each."),
        optional("range", &OverConfig::range, R"("maxItems":2)")
            .doc("First and last of whole numbers."),
        optional("stream", &OverConfig::stream)
            .doc("Snapshot stream of this source, one for each of its records."),
        optional("by", &OverConfig::by)
            .doc("Fields of that stream that make the key; $partition is its partition."),
        optional("carry", &OverConfig::carry)
            .doc("files: further fields of that stream for templates."),
        optional("from", &OverConfig::from)
            .doc("series: field of that stream with the first instant there is."),
        optional("validator", &OverConfig::validator)
            .doc("files: field of that stream that changes when the file does."),
        optional("title", &OverConfig::title)
            .doc("files, keys: field of that stream to show to people.")};
  }
};

struct RuleConfig {
  std::vector<int> status;
  std::string at;
  sluice::json equals;
  bool missing = false;
  std::string in = "answer";
  std::string action;
  sluice::Duration wait;
  std::string wait_at;
  std::string message;

  static constexpr auto fields() {
    using sluice::optional;
    return std::tuple{
        optional("status", &RuleConfig::status).doc("Statuses of the answer; empty for any."),
        optional("at", &RuleConfig::at)
            .doc("JSON Pointer into the answer, or the record, at which something must stand."),
        optional("equals", &RuleConfig::equals)
            .doc("What must stand there; without it anything "
                 "but null and false."),
        optional("missing", &RuleConfig::missing)
            .doc("Whether nothing, or null, must stand there "
                 "instead."),
        optional("in", &RuleConfig::in, R"("enum":["answer","record"])")
            .doc("Whether answers or single records are looked at."),
        sluice::required("action", &RuleConfig::action,
                         R"("enum":["retry","throttle","stop","fail","empty","reject","skip"])")
            .doc("retry: ask again; throttle: nobody asks for the wait, then again; stop: end the "
                 "run; fail: give up the slice; empty: there is nothing; records: reject, set "
                 "aside, or skip, leave out."),
        optional("wait", &RuleConfig::wait).doc("retry, throttle: time until the next try."),
        optional("wait_at", &RuleConfig::wait_at).doc("JSON Pointer to that time in seconds."),
        optional("message", &RuleConfig::message)
            .doc("JSON Pointer to what the service says of it.")};
  }
};

struct LimitConfig {
  std::string scope;
  std::string name;
  double amount = 0;
  sluice::Duration per;
  std::string window = "sliding";
  sluice::Duration spacing;
  uint32_t concurrent = 0;
  std::string used_header;
  std::string limit_header;

  static constexpr auto fields() {
    using sluice::optional;
    return std::tuple{
        optional("scope", &LimitConfig::scope)
            .doc("What is limited; empty for the source's scope."),
        optional("name", &LimitConfig::name).doc("Tells several limits of a scope apart."),
        optional("amount", &LimitConfig::amount, R"("minimum":0)")
            .doc("Requests, or their cost, in each per."),
        optional("per", &LimitConfig::per).doc("Length of the window."),
        optional("window", &LimitConfig::window, R"("enum":["sliding","fixed","rate"])")
            .doc("Where windows begin: any, by the wall clock, or evenly."),
        optional("spacing", &LimitConfig::spacing).doc("Least time between two requests."),
        optional("concurrent", &LimitConfig::concurrent)
            .doc("Requests under way at once; 0 for any number."),
        optional("used_header", &LimitConfig::used_header)
            .doc("Header of answers that tells how much of amount is used."),
        optional("limit_header", &LimitConfig::limit_header)
            .doc("Header of answers that tells amount as it is today.")};
  }
};

struct StreamConfig {
  std::string name;
  std::string kind = "snapshot";
  std::string doc;
  std::string path;
  std::string method = "GET";
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;
  sluice::json body;
  bool repeatable = true;
  std::string records;
  bool single = false;
  bool optional_records = false;
  std::vector<FieldConfig> field;
  bool infer = false;
  std::vector<std::string> ignore;
  std::vector<std::string> key;
  std::string seq;
  std::string time;
  std::string order = "none";
  std::optional<sluice::Duration> step;
  std::optional<sluice::Duration> max_span;
  std::optional<sluice::Duration> lag;
  std::optional<sluice::Seconds> refresh;
  std::optional<sluice::Seconds> retry_empty;
  std::string removed;
  std::optional<sluice::DateTime> from;
  uint32_t max_keys = 1;
  std::string join = ",";
  std::optional<OverConfig> over;
  std::optional<PagesConfig> pages;
  std::vector<RuleConfig> errors;
  sluice::Seconds cache;
  std::string scope;
  uint32_t cost = 1;

  static constexpr auto fields() {
    using sluice::optional;
    return std::tuple{
        sluice::required("name", &StreamConfig::name, R"("pattern":"^[a-z][a-z0-9_]*$")")
            .doc("Name of the stream and its table."),
        optional("kind", &StreamConfig::kind, R"("enum":["snapshot","keys","files","series"])")
            .doc("How it is cut into slices."),
        optional("doc", &StreamConfig::doc).doc("What a row is, in a sentence."),
        sluice::required("path", &StreamConfig::path)
            .doc("Template of the address behind base_url."),
        optional("method", &StreamConfig::method, R"("enum":["GET","POST","PUT"])")
            .doc("HTTP method."),
        optional("query", &StreamConfig::query)
            .doc("Query parameters, templates; one that comes out empty is left out."),
        optional("headers", &StreamConfig::headers).doc("Headers, templates."),
        optional("body", &StreamConfig::body)
            .doc("Body: a template, or a table whose texts are templates, sent as JSON."),
        optional("repeatable", &StreamConfig::repeatable)
            .doc("Whether a request other than GET may be sent twice."),
        optional("records", &StreamConfig::records)
            .doc("JSON Pointer to the array or object of records; empty for the whole answer."),
        optional("single", &StreamConfig::single)
            .doc("Whether what stands there is itself the one record."),
        optional("optional_records", &StreamConfig::optional_records)
            .doc("Whether an answer without records at that place is an empty one."),
        optional("fields", &StreamConfig::field).doc("The columns."),
        optional("infer", &StreamConfig::infer)
            .doc("Whether columns that fields does not name are taken from the first page. True "
                 "without fields."),
        optional("ignore", &StreamConfig::ignore)
            .doc("JSON Pointers of fields that are not stored and not worth a note."),
        optional("key", &StreamConfig::key).doc("Columns of the primary key."),
        optional("seq", &StreamConfig::seq)
            .doc("Column of which the higher value wins among rows of one key."),
        optional("time", &StreamConfig::time).doc("Column with the time of a row."),
        optional("order", &StreamConfig::order, R"("enum":["ascending","descending","none"])")
            .doc("How a slice's records are ordered by time, page after page."),
        optional("step", &StreamConfig::step).doc("series: distance of the grid."),
        optional("max_span", &StreamConfig::max_span).doc("series: longest interval of one slice."),
        optional("lag", &StreamConfig::lag)
            .doc("series: newest stretch that is read again in each run."),
        optional("refresh", &StreamConfig::refresh)
            .doc("snapshot, keys: age at which it is read again. Without it a snapshot is read in "
                 "each run, a key once."),
        optional("retry_empty", &StreamConfig::retry_empty)
            .doc("keys: age at which an id that the service does not know is asked for again."),
        optional("removed", &StreamConfig::removed)
            .doc("snapshot, files: name of a further column, with the time at which a row was gone "
                 "from its list."),
        optional("from", &StreamConfig::from).doc("series: first instant the service has."),
        optional("max_keys", &StreamConfig::max_keys, R"("minimum":1,"maximum":10000)")
            .doc("keys: ids of one request."),
        optional("join", &StreamConfig::join).doc("keys: what stands between ids in {keys}."),
        optional("over", &StreamConfig::over)
            .doc("What it is read for: partitions of a snapshot or series, ids of keys, files."),
        optional("pages", &StreamConfig::pages).doc("How a list goes on; without it one request."),
        optional("errors", &StreamConfig::errors)
            .doc("What answers mean, before the source's rules."),
        optional("cache", &StreamConfig::cache)
            .doc("How long answers may be kept for equal requests, such as those for parents."),
        optional("scope", &StreamConfig::scope).doc("Limit scope; empty for the source's."),
        optional("cost", &StreamConfig::cost, R"("minimum":1)")
            .doc("What a request weighs in its limits.")};
  }
};

struct Config {
  std::string base_url;
  std::string credential;
  std::map<std::string, std::string> headers;
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> values;
  std::string scope;
  std::string expect;
  std::string probe;
  sluice::Bytes max_body{uint64_t{1} << 30U};
  std::vector<LimitConfig> limits;
  std::vector<RuleConfig> errors;
  std::vector<StreamConfig> streams;

  static constexpr auto fields() {
    using sluice::optional;
    return std::tuple{
        sluice::required("base_url", &Config::base_url, R"("pattern":"^https?://[^/?#]+[^?#]*$")")
            .doc("What all paths are appended to."),
        optional("credential", &Config::credential)
            .doc("Name of a [credential.NAME] that requests are sent with."),
        optional("headers", &Config::headers).doc("Headers of every request, templates."),
        optional("query", &Config::query).doc("Query parameters of every request, templates."),
        optional("values", &Config::values).doc("Constants for templates, by name."),
        optional("scope", &Config::scope).doc("Limit scope; empty for the host of base_url."),
        optional("expect", &Config::expect)
            .doc("Media type that answers must have; empty for any."),
        optional("probe", &Config::probe)
            .doc("Path that is asked to test credentials and reachability."),
        optional("max_body", &Config::max_body).doc("Longest answer."),
        optional("limits", &Config::limits).doc("What the service allows."),
        optional("errors", &Config::errors).doc("What answers mean, for all streams."),
        sluice::required("streams", &Config::streams, R"("minItems":1)").doc("The streams.")};
  }
};

}  // namespace rest
