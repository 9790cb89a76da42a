internal import Foundation
internal import Synchronization

/// Runs services, each on a thread of its own, until a signal, a failure, or the end of one that ends the group; then
/// shuts them down one by one, the last one first.
public final class ServiceGroup: Sendable {
    /// What follows when a service's `run()` returns without having been asked to.
    public enum SuccessBehavior: Sendable {
        /// The group shuts down in order: `serve --stop-at-end` has done its work.
        case gracefullyShutdownGroup
        /// The others go on.
        case ignore
    }

    /// A service, and what its end means to the others.
    public struct Member: Sendable {
        let service: any Service
        let onSuccess: SuccessBehavior

        public init(_ service: any Service, whenFinished onSuccess: SuccessBehavior = .gracefullyShutdownGroup) {
            self.service = service
            self.onSuccess = onSuccess
        }
    }

    /// Why the group ended without an error.
    public enum End: Sendable, Equatable, CustomStringConvertible {
        case signal(Int32)
        case finished(service: String)

        public var description: String {
            switch self {
            case .signal(let signal): Signals.name(signal)
            case .finished(let service): "\(service) has finished"
            }
        }
    }

    let members: [Member]
    let logger: Logger
    let shutdownDeadline: Duration
    let signals: [Int32]
    let exitAtOnce: @Sendable (Int32) -> Void

    /// - Parameters:
    ///   - members: in the order of dependency: each may lean on those before it.
    ///   - shutdownDeadline: the time for all of them together to end.
    public convenience init(members: [Member], logger: Logger, shutdownDeadline: Duration = .seconds(30)) {
        self.init(members: members, logger: logger, shutdownDeadline: shutdownDeadline, signals: [SIGTERM, SIGINT]) {
            // No atexit handlers: other threads are at work, and the person has asked twice.
            LogSink.shared.drain(milliseconds: 200)
            _exit($0)
        }
    }

    /// The same for services that each end the group when they are finished.
    public convenience init(services: [any Service], logger: Logger, shutdownDeadline: Duration = .seconds(30)) {
        self.init(members: services.map { Member($0) }, logger: logger, shutdownDeadline: shutdownDeadline)
    }

    init(
        members: [Member], logger: Logger, shutdownDeadline: Duration, signals: [Int32],
        exitAtOnce: @escaping @Sendable (Int32) -> Void
    ) {
        self.members = members
        self.logger = logger
        self.shutdownDeadline = shutdownDeadline
        self.signals = signals
        self.exitAtOnce = exitAtOnce
    }

    /// Starts all services and blocks the calling thread, the main one, until all have ended.
    ///
    /// ``Signals/prepare()`` must have been called. A second signal ends the process at once with 128 + its number.
    /// - Throws: ``ServiceFailure`` with the first error that a service threw, or when the deadline passed.
    public func run() throws -> End {
        Signals.block(signals + [Signals.wakeUp])
        let run = GroupRun(group: self, waiter: pthread_self())
        for index in members.indices { run.start(index) }
        return try run.finish()
    }
}
