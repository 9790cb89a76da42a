import Dispatch
import Foundation
import ServiceKit
import Synchronization

/// Ctrl-C in commands that show what they have done so far.
enum Interrupts {
    /// The first signal that came, 0 before.
    private static let first = Atomic<Int32>(0)

    /// How a command ends that was stopped before it had done everything: 128 and the signal's number. Where something else
    /// stopped it, that is as good as Ctrl-C.
    static var exitCode: Int32 {
        let number = first.load(ordering: .acquiring)
        return 128 + (number == 0 ? SIGINT : number)
    }

    /// Runs a body that looks at `stop`, which SIGINT and SIGTERM request meanwhile; the second one ends the process.
    /// - Parameter patience: how long the first one waits for the body, which may be reading from a terminal.
    static func stopping<Result>(
        _ stop: Latch, patience: DispatchTimeInterval = .never, _ body: () throws -> Result
    ) rethrows -> Result {
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if stop.isSet { exit(128 + number) }
                first.store(number, ordering: .releasing)
                stop.set()
                DispatchQueue.global().asyncAfter(deadline: .now() + patience) { exit(128 + number) }
            }
            source.resume()
            return source
        }
        defer {
            for source in sources { source.cancel() }
            Signals.endByDefault()
        }
        return try body()
    }
}
