import Foundation
import ServiceKit
import Synchronization

/// Why a run cannot be made, or its verdict not be reached.
struct ChaosFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Ctrl-C: the run ends at its next step, so that it takes its processes with it; the second one ends this program at once.
enum ChaosInterrupt {
    private static let isRequested = Atomic(false)

    static func watch() {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if isRequested.exchange(true, ordering: .relaxed) { exit(130) }
                LineOutput.standardError.write(line: "interrupted: instances and brokers are ended")
            }
            source.setCancelHandler { _ = source }  // which keeps it for as long as the program runs
            source.resume()
        }
    }

    static func check() throws {
        guard !isRequested.load(ordering: .relaxed) else { throw ChaosFailure("interrupted") }
    }
}
