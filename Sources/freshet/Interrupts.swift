import Dispatch
import Foundation
import ServiceKit

/// Ctrl-C in commands that show what they have done so far.
enum Interrupts {
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
