internal import Foundation

/// What a thread is working on, for whoever reads the log of a process that a trap or a bad access has ended.
///
/// The note is a line of its own on a descriptor, written by the signal's handler before the handler that was there before
/// takes over: with nothing but `write`, from memory that was there beforehand, since the process is beyond anything else.
/// What was logged before it is written first.
public enum CrashNote {
    /// What a program ends by that has a bug.
    public static let signals = [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT]

    /// Watches the calling thread. To be called once more when another thread, or another place, is to be watched.
    ///
    /// - Parameters:
    ///   - partition, offset: of the record at hand; a negative offset stands for none. Valid for as long as the process lives.
    ///   - before, between, after: the line's text around `PARTITION:OFFSET`, which comes twice.
    public static func watch(
        partition: UnsafePointer<Int32>, offset: UnsafePointer<Int64>, before: String, between: String, after: String,
        signals: [Int32] = signals, descriptor: Int32 = 2
    ) {
        let fresh = UnsafeMutablePointer<Note>.allocate(capacity: 1)
        fresh.initialize(
            to: Note(
                thread: pthread_self(), partition: partition, offset: offset, descriptor: descriptor,
                before: text(before),
                between: text(between), after: text(after + "\n"),
                digits: UnsafeMutablePointer<UInt8>.allocate(capacity: 40)))
        // What was there is left: a handler may be reading it just now.
        note = fresh
        // Not made by a handler.
        _ = LogSink.shared
        for signal in signals { install(signal) }
    }

    /// The calling thread works on nothing that is worth a note any more.
    public static func end() { note = nil }

    private struct Note {
        let thread: pthread_t
        let partition: UnsafePointer<Int32>
        let offset: UnsafePointer<Int64>
        let descriptor: Int32
        let before: UnsafeBufferPointer<UInt8>
        let between: UnsafeBufferPointer<UInt8>
        let after: UnsafeBufferPointer<UInt8>
        let digits: UnsafeMutablePointer<UInt8>
    }

    // Written by one thread, before the signal; read by the handler on that thread.
    private nonisolated(unsafe) static var note: UnsafeMutablePointer<Note>?
    private nonisolated(unsafe) static let previous = {
        let all = UnsafeMutablePointer<sigaction>.allocate(capacity: 65)
        all.initialize(repeating: sigaction(), count: 65)
        return all
    }()
    /// A bit for each signal that comes here.
    private nonisolated(unsafe) static var installed: UInt64 = 0

    private static func text(_ text: String) -> UnsafeBufferPointer<UInt8> {
        let bytes = Array(text.utf8)
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = copy.initialize(from: bytes)
        return UnsafeBufferPointer(copy)
    }

    private static func install(_ signal: Int32) {
        guard installed & 1 << UInt64(signal) == 0 else { return }
        installed |= 1 << UInt64(signal)
        var action = sigaction()
        action.__sigaction_handler.sa_sigaction = { signal, information, _ in
            // Whoever came before gets the signal next: a fault's instruction is run again, what was sent is sent again.
            sigaction(signal, CrashNote.previous + Int(signal), nil)
            CrashNote.installed &= ~(1 << UInt64(signal))
            // Other threads go on meanwhile, and what was logged last is worth most.
            LogSink.shared.drain(milliseconds: 500)
            CrashNote.write()
            if let information, information.pointee.si_code <= 0 { raise(signal) }
        }
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER
        sigaction(signal, &action, previous + Int(signal))
    }

    private static func write() {
        guard let note = note?.pointee, pthread_equal(pthread_self(), note.thread) != 0 else { return }
        guard note.offset.pointee >= 0 else { return }
        write(note.before, note)
        writePlace(note)
        write(note.between, note)
        writePlace(note)
        write(note.after, note)
    }

    private static func writePlace(_ note: Note) {
        write(UInt64(clamping: note.partition.pointee), note)
        note.digits[0] = UInt8(ascii: ":")
        _ = Foundation.write(note.descriptor, note.digits, 1)
        write(UInt64(clamping: note.offset.pointee), note)
    }

    private static func write(_ number: UInt64, _ note: Note) {
        var rest = number
        var start = 40
        repeat {
            start -= 1
            note.digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        _ = Foundation.write(note.descriptor, note.digits + start, 40 - start)
    }

    private static func write(_ bytes: UnsafeBufferPointer<UInt8>, _ note: Note) {
        _ = Foundation.write(note.descriptor, bytes.baseAddress, bytes.count)
    }
}
