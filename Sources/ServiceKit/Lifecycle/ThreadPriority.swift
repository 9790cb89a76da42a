import Foundation

/// How much of the processor a thread gets beside others. Both are for the calling thread only, and for those that it makes
/// afterwards: Linux takes a thread's id for a process's. There is no way back without rights.
public enum ThreadPriority {
    /// Nothing waits for this thread, but it should go on where others are busy: a tenth of what they get.
    public static func lower() { setpriority(0, 0, 10) }

    /// This thread has what is left. One that is only nice may still end its slice while somebody waits; an idle one is put
    /// off at once.
    public static func yieldToOthers() {
        var parameters = sched_param()
        sched_setscheduler(0, idlePolicy, &parameters)
    }

    /// This process and its session have what is left, and are the first to go where memory runs out. Threads that are made
    /// afterwards inherit it.
    public static func yieldSession() {
        yieldToOthers()
        // Neither file need be there: without groups of sessions the thread's own priority counts.
        write("19", to: "/proc/self/autogroup")
        write("1000", to: "/proc/self/oom_score_adj")
    }

    private static func write(_ text: String, to path: String) {
        let file = open(path, O_WRONLY)
        guard file >= 0 else { return }
        _ = text.utf8.withContiguousStorageIfAvailable { Glibc.write(file, $0.baseAddress, $0.count) }
        close(file)
    }

    /// `SCHED_IDLE` of Linux, which Glibc's headers give to GNU sources only.
    private static let idlePolicy: Int32 = 5
}
