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

    /// `SCHED_IDLE` of Linux, which Glibc's headers give to GNU sources only.
    private static let idlePolicy: Int32 = 5
}
