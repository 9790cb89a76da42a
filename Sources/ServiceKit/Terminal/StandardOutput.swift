// Glibc's `stdout` is a variable, though nobody assigns it.
@preconcurrency internal import Glibc

/// What `print` has written through the C library, which tells nobody that the disk is full.
enum StandardOutput {
    /// Writes what still waits in the buffer.
    /// - Returns: why something was lost, now or before; `nil` where all of it has arrived. A reader that has gone (`| head`)
    ///   had enough, and is no failure.
    static func finish() -> String? {
        errno = 0
        let isFlushed = fflush(stdout) == 0
        let code = errno
        guard !isFlushed || ferror(stdout) != 0, code != EPIPE else { return nil }
        if code == 0, LineOutput.standardOutput.isReaderGone { return nil }
        // Of what was lost before, the cause is not known any more.
        return code == 0 ? "is the disk full?" : String(cString: strerror(code))
    }
}
