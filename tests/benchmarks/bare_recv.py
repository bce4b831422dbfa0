"""What people would write to cancel a stalled download: no lab, no recording.

Takes the port of the server; for each line of its input (a delay) runs one thread that downloads a
file from a server that falls silent, closes the connection under it, and prints in ms how long it
took until the thread was gone and its partial file removed.
"""

# ruff: noqa: B023  the thread of a round is gone before the next one begins
import http.client
import os
import socket
import sys
import tempfile
import threading
import time
from time import perf_counter_ns

port = int(sys.argv[1])
path = os.path.join(tempfile.mkdtemp(), "file.part")  # noqa: PTH118
for line in sys.stdin:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.connect()
    sock = connection.sock

    def work() -> None:
        file = open(path, "wb")  # noqa: PTH123, SIM115
        try:
            connection.request("GET", "/file?size=20000000&stall_after=10")
            response = connection.getresponse()
            while chunk := response.read1(65536):
                file.write(chunk)
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
            file.close()
            os.unlink(path)  # noqa: PTH108

    thread = threading.Thread(target=work, daemon=False)
    thread.start()
    time.sleep(float(line))
    requested = perf_counter_ns()
    sock.shutdown(socket.SHUT_RDWR)
    sock.close()
    thread.join()
    print((perf_counter_ns() - requested) / 1e6, flush=True)
os.rmdir(os.path.dirname(path))  # noqa: PTH106, PTH120
