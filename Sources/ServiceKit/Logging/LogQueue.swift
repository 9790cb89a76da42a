internal import Foundation
internal import Synchronization

/// Lines on their way to a descriptor, which one thread writes there: whoever logs must not wait for whoever reads, since
/// among those who log are threads of librdkafka that keep a session alive.
///
/// While the reader does not keep up, lines wait up to a bound; what comes beyond it is counted, and the count is written
/// in its place.
final class LogQueue: Sendable {
    private struct State {
        var lines: [[UInt8]] = []
        var byteCount = 0
        /// Lines that found no room since the writer has come last.
        var lost = 0
        var hasWriter = false
    }

    private let output: LineOutput
    private let bytesMax: Int
    private let notice: @Sendable (Int) -> [UInt8]
    private let state = Mutex(State())
    /// One for each time that the writer has something to take.
    private let work = DispatchSemaphore(value: 0)
    private let unwritten = Atomic(0)

    /// - Parameter notice: the line that says how many were not written.
    init(output: LineOutput, bytesMax: Int = 1 << 20, notice: @escaping @Sendable (Int) -> [UInt8]) {
        self.output = output
        self.bytesMax = bytesMax
        self.notice = notice
    }

    /// Leaves a line, its end included, to the writer.
    func append(_ line: [UInt8]) {
        let (isFirst, needsWriter) = state.withLock { state in
            // Once one has found no room none has, so that the count stands where the lines would.
            let hasRoom = state.lost == 0 && (state.lines.isEmpty || state.byteCount + line.count <= bytesMax)
            guard hasRoom else {
                state.lost += 1
                return (false, false)
            }
            unwritten.add(1, ordering: .acquiringAndReleasing)
            state.lines.append(line)
            state.byteCount += line.count
            defer { state.hasWriter = true }
            return (state.lines.count == 1, !state.hasWriter)
        }
        if needsWriter { startWriter() }
        if isFirst { work.signal() }
    }

    /// Waits until what was appended has been written, but not for a reader that has gone to sleep. Nothing here takes a
    /// lock or memory: the handler of a signal may call it.
    func drain(milliseconds: UInt64) {
        let end = monotonicNanoseconds() + milliseconds * 1_000_000
        while unwritten.load(ordering: .acquiring) > 0, monotonicNanoseconds() < end { usleep(500) }
    }

    private func startWriter() {
        let thread = Thread { [self] in
            while true {
                work.wait()
                writeWhatWaits()
            }
        }
        thread.name = "log"
        // A thread inherits the mask of the one that makes it, and signals are for others: all but those of its own faults.
        var (all, before) = (sigset_t(), sigset_t())
        sigfillset(&all)
        for signal in CrashNote.signals { sigdelset(&all, signal) }
        pthread_sigmask(SIG_BLOCK, &all, &before)
        thread.start()
        pthread_sigmask(SIG_SETMASK, &before, nil)
    }

    private func writeWhatWaits() {
        let (lines, lost) = state.withLock { state in
            defer {
                state.lines = []
                (state.byteCount, state.lost) = (0, 0)
            }
            return (state.lines, state.lost)
        }
        for line in lines { output.write(bytes: line) }
        if lost > 0 { output.write(bytes: notice(lost)) }
        unwritten.subtract(lines.count, ordering: .acquiringAndReleasing)
    }
}
