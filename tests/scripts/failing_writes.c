/* Fails as an NFS client does, for the file FAILING_NAME in a set's folder: with FAILING=write its
   second write, with FAILING=close its close, by when a hole is in it and its times are set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fails(int fd, const char *how) {
  char link[32], path[PATH_MAX + 1] = "";
  const char *failing = getenv("FAILING"), *name = getenv("FAILING_NAME"), *last;
  if (!failing || !name || strcmp(failing, how)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (readlink(link, path, PATH_MAX) < 0) return 0;
  last = strrchr(path, '/');
  return last && !strcmp(last + 1, name) && strstr(path, "-vaultjob/");
}

ssize_t write(int fd, const void *data, size_t bytes) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "write");
  if (fails(fd, "write") && lseek(fd, 0, SEEK_CUR) > 0) {
    errno = ENOSPC;
    return -1;
  }
  return real(fd, data, bytes);
}

ssize_t copy_file_range(int in, off_t *in_at, int out, off_t *out_at, size_t bytes, unsigned flags) {
  errno = EXDEV; /* so that cp writes */
  return -1;
}

int close(int fd) {
  static int (*real)(int);
  struct stat before;
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "close");
  if (!fails(fd, "close") || fstat(fd, &before)) return real(fd);
  pwrite(fd, "\0\0\0\0", 4, before.st_size / 2);
  futimens(fd, (struct timespec[]){before.st_atim, before.st_mtim});
  real(fd);
  errno = EIO;
  return -1;
}
