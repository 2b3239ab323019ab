// Lets writes fail to become durable: as many calls of fsync and fdatasync return EIO as stand, as a 64-bit integer, in the file
// $DISK_FAULT_FILE, which is mapped. Only files of portals' objects are meant, so that KV and all else stay whole. For LD_PRELOAD, on
// Linux.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int64_t *failures_left;

__attribute__((constructor)) static void map_the_file(void) {
  const char *path = getenv("DISK_FAULT_FILE");
  if (!path) return;
  int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void *mapped = mmap(0, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) failures_left = mapped;
}

static int is_of_a_portal(int file) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strstr(path, "-Portal/") != NULL && strstr(path, "metadata") == NULL;
}

static int fails(int file) {
  if (!failures_left || __atomic_load_n(failures_left, __ATOMIC_SEQ_CST) <= 0 || !is_of_a_portal(file)) return 0;
  return __atomic_fetch_sub(failures_left, 1, __ATOMIC_SEQ_CST) > 0;
}

int fsync(int file) {
  if (fails(file)) return errno = EIO, -1;
  return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file) {
  if (fails(file)) return errno = EIO, -1;
  return (int)syscall(SYS_fdatasync, file);
}
