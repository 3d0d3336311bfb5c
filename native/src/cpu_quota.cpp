// SPDX-License-Identifier: Apache-2.0
// CPU quota of control groups: version 2 (cpu.max), version 1 (cpu.cfs_quota_us), or both mounted.
//
// A quota binds all groups below it, so every one from the process's own up to the root is read.
// In a container the process may name a path that only the host can see: those files are missing,
// and the container's own limits stand at the mount.
#include "cpu_quota.h"

#include <stdio.h>
#include <string.h>

namespace {

constexpr size_t kPath = 4096;

int32_t tighter(int32_t a, int32_t b) { return a == 0 || (b != 0 && b < a) ? b : a; }

int32_t cores_of(long long quota, long long period) {
  if (quota <= 0 || period <= 0) return 0;
  const long long cores = (quota + period - 1) / period;
  return cores < 0x7FFFFFFF ? static_cast<int32_t>(cores) : 0;
}

// The number in mount/tree/group/name, or -1.
long long read_number(const char* mount, const char* tree, const char* group, const char* name) {
  char path[2 * kPath];
  snprintf(path, sizeof path, "%s%s%s/%s", mount, tree, group, name);
  FILE* file = fopen(path, "re");
  long long value = -1;
  if (!file) return value;
  if (fscanf(file, "%lld", &value) != 1) value = -1;
  fclose(file);
  return value;
}

int32_t version1(const char* mount, const char* tree, const char* group) {
  return cores_of(read_number(mount, tree, group, "cpu.cfs_quota_us"),
                  read_number(mount, tree, group, "cpu.cfs_period_us"));
}

int32_t version2(const char* mount, const char* tree, const char* group) {
  char path[2 * kPath];
  snprintf(path, sizeof path, "%s%s%s/cpu.max", mount, tree, group);
  FILE* file = fopen(path, "re");
  if (!file) return 0;
  long long quota = 0, period = 0;
  if (fscanf(file, "%lld %lld", &quota, &period) != 2) quota = 0;  // "max 100000"
  fclose(file);
  return cores_of(quota, period);
}

// From `group` to the root, which is "". The text is used up.
int32_t up_to_root(const char* mount, char* group,
                   int32_t (*at)(const char* mount, const char* tree, const char* group),
                   const char* tree) {
  int32_t cores = 0;
  for (;;) {
    char* last = strrchr(group, '/');
    if (last && last[1] == 0) {  // the root is written "/"
      *last = 0;
      continue;
    }
    cores = tighter(cores, at(mount, tree, group));
    if (!last) return cores;
    *last = 0;
  }
}

// Whether a comma-separated list has the word "cpu".
bool names_cpu(const char* list) {
  for (const char* word = list; word; word = strchr(word, ',')) {
    word += *word == ',';
    if (strncmp(word, "cpu", 3) == 0 && (word[3] == ',' || word[3] == 0)) return true;
  }
  return false;
}

// One line of /proc/self/cgroup: "0::/group", or "4:cpu,cpuacct:/group".
int32_t of_line(const char* mount, char* line) {
  line[strcspn(line, "\n")] = 0;
  char* controllers = strchr(line, ':');
  char* group = controllers ? strchr(controllers + 1, ':') : nullptr;
  if (!group) return 0;
  *group++ = 0;
  controllers++;
  char copy[kPath];
  snprintf(copy, sizeof copy, "%s", group);
  if (*controllers == 0) {
    const int32_t unified = up_to_root(mount, copy, version2, "");
    return tighter(unified, up_to_root(mount, group, version2, "/unified"));
  }
  if (!names_cpu(controllers)) return 0;
  const int32_t cores = up_to_root(mount, copy, version1, "/cpu");
  return tighter(cores, up_to_root(mount, group, version1, "/cpu,cpuacct"));
}

}  // namespace

int32_t quota_cores(const char* process, const char* mount) {
  int32_t cores = 0;
  FILE* file = fopen(process, "re");
  if (!file) return tighter(version2(mount, "", ""), version1(mount, "/cpu", ""));
  char line[kPath];
  while (fgets(line, sizeof line, file)) cores = tighter(cores, of_line(mount, line));
  fclose(file);
  return cores;
}
