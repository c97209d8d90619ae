/* forks COUNT LANES: makes COUNT processes that do nothing, LANES at a time, and waits for each. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Makes the file, and what is mapped of it, as large as a test binary. */
static const volatile unsigned char padding[PADDING] = {1};

static int wait_for_one(void) {
    int status;
    return wait(&status) > 0 && status == 0;
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    int processes = atoi(arguments[1]), lanes = atoi(arguments[2]), busy = 0;
    for (int made = 0; made < processes; made++) {
        if (busy == lanes) {
            if (!wait_for_one()) return 1;
            busy--;
        }
        pid_t pid = fork();
        if (pid < 0) return 1;
        if (pid == 0) _exit(padding[0] - 1);
        busy++;
    }
    while (busy-- > 0)
        if (!wait_for_one()) return 1;
    return 0;
}
