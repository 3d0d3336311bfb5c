// SPDX-License-Identifier: Apache-2.0
#ifndef INTARSIA_SELFTEST_CORE_H_
#define INTARSIA_SELFTEST_CORE_H_

#include <string>

namespace selftest {

// Checks the parts of the core that no op shows: the door of a job, the pool, quotas. Calls
// expect(condition, what) for each.
void check_core(void (*expect)(bool condition, const std::string& what));

}  // namespace selftest

#endif  // INTARSIA_SELFTEST_CORE_H_
