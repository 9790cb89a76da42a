import Foundation
import ServiceKit
import Testing

/// The note of a process that a signal ends, here with a signal that ends nothing.
@Suite(.serialized) struct CrashNoteTests {
    /// What is written when the signal comes, on the calling thread or on another one.
    private static func note(_ partition: Int32, _ offset: Int64, onOther: Bool = false) throws -> String {
        let pipe = Pipe()
        // Dispatch's threads, on which tests run, block it.
        var signals = sigset_t()
        sigaddset(&signals, SIGURG)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        let place = (
            UnsafeMutablePointer<Int32>.allocate(capacity: 1), UnsafeMutablePointer<Int64>.allocate(capacity: 1)
        )
        place.0.initialize(to: partition)
        place.1.initialize(to: offset)
        CrashNote.watch(
            partition: place.0, offset: place.1, before: "was at ", between: ", skip ", after: "!", signals: [SIGURG],
            descriptor: pipe.fileHandleForWriting.fileDescriptor)
        if onOther {
            let done = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                pthread_kill(pthread_self(), SIGURG)
                done.signal()
            }
            done.wait()
        } else {
            pthread_kill(pthread_self(), SIGURG)
        }
        CrashNote.end()
        try pipe.fileHandleForWriting.close()
        return String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }

    @Test func theNoteNamesTheRecordAtHand() throws {
        #expect(
            try Self.note(3, 1_234_567_890_123) == "was at 3:1234567890123, skip 3:1234567890123!\n")
        #expect(try Self.note(0, 0) == "was at 0:0, skip 0:0!\n")
        // Nothing at hand, or another thread that fails.
        #expect(try Self.note(3, -1).isEmpty)
        #expect(try Self.note(3, 4, onOther: true).isEmpty)
    }
}
