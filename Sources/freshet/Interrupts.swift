import Dispatch
import Foundation
import ServiceKit

/// Ctrl-C in commands that show what they have done so far.
enum Interrupts {
    /// Runs a body that looks at `stop`, which SIGINT and SIGTERM request meanwhile.
    static func stopping<Result>(_ stop: StopRequest, _ body: () throws -> Result) rethrows -> Result {
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { stop.request() }
            source.resume()
            return source
        }
        defer {
            for source in sources { source.cancel() }
            for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        }
        return try body()
    }
}
