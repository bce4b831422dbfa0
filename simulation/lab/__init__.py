"""The lab: a disposable process in which real threads are started and stopped.

Theory of operation
===================

::

      the app or the command line (parent)        the lab (child, any CPython >= 3.10)
    ┌─────────────────────────────────────┐     ┌───────────────────────────────────────┐
    │ runner.Lab                          │     │ reader thread  ◄── end of input: the  │
    │   commands, one JSON object a line ─┼────►│   │                lab vanishes       │
    │                                     │     │   ▼ inbox (SimpleQueue)               │
    │   answers, one JSON object a line ◄─┼─────│ main thread: trial.run                │
    │                                     │     │   │ start, request_stop, join         │
    │   snapshot(): reads while it runs   │     │   ▼                                   │
    │         ▲                           │     │ worker-1 … worker-n: strategy.run     │
    └─────────┼───────────────────────────┘     └───┬───────────────────────────────────┘
              │        recording-1.bin              │ every lane writes its own records
              └────────(mapped by both)◄────────────┘

Why a process of its own. A thread asked to stop needs the GIL to notice, and in a busy process
it waits for it in steps of 5 ms (`sys.setswitchinterval`). A web server is such a process. And a
forced stop may leave a lock held for ever, a daemon thread's end *is* the end of a process, and
a stuck worker cannot be removed at all. So labs are thrown away; the app survives all of it.

Why a recording and not a queue. A queue between threads takes a lock and wakes somebody, which
changes what is measured, and what is in it dies with the process. A file mapped into memory by
both processes needs neither, and survives ``kill -9``. See `recording`.

Who waits for what. The main thread sleeps on one queue, the *inbox*, into which the reader
thread puts commands and every leaving worker puts its number. So it is asleep until a stop is
asked for, a worker leaves, or its own time for the request has come; nothing polls.

What runs beside it. A worker that downloads needs a web server: `http_server` is one more process,
started at the first need, that ends when this process does. A strategy may run its workers as
processes (`terminate`); they write into the same recording, each its own lane.

What is left behind. The parent names a directory, the lab makes it and keeps all its files in
it. Whoever outlives the other removes it: the parent when it reaps a lab, the lab when its input
ends. The lab's standard output is not the wire: at start the wire moves to private descriptors,
and a worker that prints does so into the log (standard error).

Only the standard library is imported here, so that a lab can be another interpreter.
"""
