/// Reads one partition beside the group.
public protocol LogReader: AnyObject {
    /// Delivers up to `max` records; true when the end, as it was when the end was met, has been reached.
    func read(
        max: Int, timeoutMilliseconds: Int, record: (borrowing LogRecord) -> Void
    ) throws(LogError) -> Bool

    /// The next offset: past all records delivered, and past markers at the end when it was reached.
    var position: Int64 { get }

    /// The offsets of the log as it is now: from the first that it still has to behind the last committed one.
    func offsets() throws(LogError) -> Range<Int64>
}

/// How long a read waits for more while state is being restored: several readers take turns on one thread, and each one's
/// wait is time that the others' records lie about.
let restoreWaitMilliseconds = 2
