// Puts the clocks of one process ahead by the milliseconds that stand, as a 64-bit integer, in the file $CLOCK_SHIFT_FILE.
// The file is mapped, so writing it moves the clock of the running process. For LD_PRELOAD, on Linux.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *ahead_by_millis;

__attribute__((constructor)) static void map_the_file(void) {
  const char *path = getenv("CLOCK_SHIFT_FILE");
  if (!path) return;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void *mapped = mmap(0, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) ahead_by_millis = mapped;
}

// The clocks that measure CPU time stay as they are.
static int tells_the_time(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC ||
         clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && ahead_by_millis && tells_the_time(clock)) {
    int64_t millis = *ahead_by_millis;
    now->tv_sec += millis / 1000;
    now->tv_nsec += (millis % 1000) * 1000000;
    if (now->tv_nsec >= 1000000000) {
      now->tv_sec++;
      now->tv_nsec -= 1000000000;
    }
  }
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec precise;
  int result = clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return result;
}

time_t time(time_t *out) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (out) *out = precise.tv_sec;
  return precise.tv_sec;
}
