// SPDX-License-Identifier: Apache-2.0
//
// What every source must stand, whatever it reads. Each check opens the source as often as it needs
// to and tells what is wrong; nothing is thrown but what the subject itself cannot do.
#pragma once

#include <vector>

#include "conformance/check/subject.hpp"

namespace sluice::check {

// Two full readings give the same rows; rows of a series lie in their interval; no key has two
// values.
Findings two_readings_agree(const Subject& subject);
// Reading goes on from the state of every single batch as if it had never stopped.
Findings resumes_at_every_batch(const Subject& subject);
// What landed with a validator is confirmed by conditional requests only.
Findings confirms_what_landed(const Subject& subject);
// Answers without content land nothing and fail nothing.
Findings takes_an_empty_service(const Subject& subject);
// The service refuses, breaks off or cuts its answers from some request on: a failure worth a
// retry, and after it the rows are the same.
Findings survives_an_end_in_the_middle(const Subject& subject);
// Members nobody knows change no row and are counted.
Findings takes_unknown_fields(const Subject& subject);
Findings takes_numbers_as_text(const Subject& subject);
Findings takes_text_as_numbers(const Subject& subject);
// Refused credentials end the work after a few requests, with a sentence.
Findings gives_up_when_refused(const Subject& subject);

struct Check {
  const char* id;
  const char* sentence;
  Findings (*run)(const Subject&);
};
const std::vector<Check>& all_checks();

}  // namespace sluice::check
