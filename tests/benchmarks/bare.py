"""What people would write to measure the same: no lab, no recording, one clock reading each.

Reads a line (number of workers, interval, delay) from its input, runs that, prints response and
stop latency in ms; again until the input ends.
"""

# ruff: noqa: B023  the threads of a round are gone before the next one begins
import sys
import threading
import time
from time import perf_counter_ns

for line in sys.stdin:
    workers, interval_s, delay_s = int(line.split()[0]), *map(float, line.split()[1:])
    stop = threading.Event()
    noticed = [0] * workers

    def work(number: int) -> None:
        while not stop.is_set():
            stop.wait(interval_s)
        noticed[number] = perf_counter_ns()

    threads = [threading.Thread(target=work, args=(number,), daemon=False) for number in range(workers)]
    for thread in threads:
        thread.start()
    time.sleep(delay_s)
    requested = perf_counter_ns()
    stop.set()
    for thread in threads:
        thread.join()
    gone = perf_counter_ns()
    print((max(noticed) - requested) / 1e6, (gone - requested) / 1e6, flush=True)
