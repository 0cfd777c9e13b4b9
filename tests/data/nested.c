/* Two nested pools: four threads, each of which opens OpenMP regions until the time is up. */
#include <omp.h>
#include <pthread.h>
#include <stdlib.h>

static double end;

static void *worker(void *unused) {
  while (omp_get_wtime() < end) {
#pragma omp parallel
    {
      double until = omp_get_wtime() + 0.02;
      while (omp_get_wtime() < until) {
      }
    }
  }
  return unused;
}

int main(int count, char **arguments) {
  pthread_t workers[4];
  end = omp_get_wtime() + (count > 1 ? atof(arguments[1]) : 1.0);
  for (int i = 0; i < 4; i++) pthread_create(&workers[i], 0, worker, 0);
  for (int i = 0; i < 4; i++) pthread_join(workers[i], 0);
}
