/* When the addon is loaded into the voice process (HEARSAY_URGENT is set), its threads ask to run as soon as they are woken:
   sound is late after 10 ms. They get a high priority where that is allowed, and the shortest slice that can be had, which takes no
   right (Linux 6.12 and later) and lets the scheduler choose them before others whose share of the processor is as large. Threads
   that are made later inherit both. What is refused changes nothing. Real-time they are only later, when what is to be recorded and
   played is open: opening is nothing to go before everybody else for. */
#define _GNU_SOURCE
#include <dirent.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* sched_setattr(2): not in the headers of older C libraries. */
struct attributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

/* The least that Linux takes. A frame is decoded, mixed and handed over in less than two of them. */
#define SLICE_NS 100000
#define NICE (-20)

static void hurry(int thread) {
  setpriority(PRIO_PROCESS, thread, NICE);
  struct attributes wanted = {.size = sizeof wanted, .policy = SCHED_OTHER, .runtime = SLICE_NS};
  wanted.nice = getpriority(PRIO_PROCESS, thread);
  syscall(SYS_sched_setattr, thread, &wanted, 0);
}

__attribute__((constructor)) static void hurry_all(void) {
  if (getenv("HEARSAY_URGENT") == NULL)
    return;
  DIR *threads = opendir("/proc/self/task");
  if (threads == NULL)
    return;
  for (struct dirent *each; (each = readdir(threads)) != NULL;)
    if (each->d_name[0] != '.')
      hurry(atoi(each->d_name));
  closedir(threads);
}
