internal import Foundation
internal import Synchronization

/// One run of a ``ServiceGroup``: the state that its threads and the waiting one share.
final class GroupRun: @unchecked Sendable {
    private struct State {
        var ended: Set<Int> = []
        /// What ended the group first.
        var outcome: Result<ServiceGroup.End, ServiceFailure>?
        var signalsSeen = 0
        /// The waiting thread has gone on, and may not exist any more.
        var isOver = false
    }

    private let group: ServiceGroup
    // Unchecked for this one's sake: a thread's name, never changed.
    private let waiter: pthread_t
    private let state = Mutex(State())

    init(group: ServiceGroup, waiter: pthread_t) {
        self.group = group
        self.waiter = waiter
    }

    func start(_ index: Int) {
        let service = group.members[index].service
        let thread = Thread { [self] in
            do {
                try service.run()
                ended(index, nil)
            } catch {
                ended(index, error)
            }
        }
        thread.name = service.name
        // Foundation's 512 KB is little for deep recursion in a debug build.
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Waits for what ends the group, then shuts down in reverse order.
    func finish() throws -> ServiceGroup.End {
        defer { state.withLock { $0.isOver = true } }
        waitUntil(deadline: nil) { $0.outcome != nil || $0.ended.count == self.group.members.count }
        let outcome = state.withLock { state in
            if state.outcome == nil { state.outcome = .success(.finished(service: "all")) }
            return state.outcome!
        }
        let deadline = ContinuousClock.now + group.shutdownDeadline
        for index in group.members.indices.reversed() {
            let service = group.members[index].service
            guard !state.withLock({ $0.ended.contains(index) }) else { continue }
            group.logger.debug("shutting down", metadata: ["service": "\(service.name)"])
            service.beginShutdown()
            guard waitUntil(deadline: deadline, { $0.ended.contains(index) }) else {
                let late = ServiceFailure(service: service.name, underlying: nil)
                group.logger.error("deadline passed", metadata: ["error": "\(late)"])
                if case .failure(let failure) = outcome { throw failure }
                throw late
            }
        }
        // A service may have failed while it was shutting down.
        return try state.withLock { try $0.outcome!.get() }
    }

    private func ended(_ index: Int, _ error: (any Error)?) {
        let member = group.members[index]
        state.withLock { state in
            state.ended.insert(index)
            if let error {
                let failure = ServiceFailure(service: member.service.name, underlying: error)
                group.logger.error("a service failed, shutting down", metadata: ["error": "\(failure)"])
                if case .failure? = state.outcome {} else { state.outcome = .failure(failure) }
            } else if state.outcome == nil, member.onSuccess == .gracefullyShutdownGroup {
                state.outcome = .success(.finished(service: member.service.name))
            }
            // Inside the lock: the waiter cannot leave before it, so its thread still exists.
            if !state.isOver { pthread_kill(waiter, Signals.wakeUp) }
        }
    }

    /// Sleeps in sigtimedwait until the condition holds; each ending service and each signal wakes it.
    /// - Returns: false when the deadline passed.
    @discardableResult
    private func waitUntil(deadline: ContinuousClock.Instant?, _ condition: (borrowing State) -> Bool) -> Bool {
        var set = Signals.set(group.signals + [Signals.wakeUp])
        while !state.withLock({ condition($0) }) {
            var timeout = timespec(tv_sec: 3_600, tv_nsec: 0)
            if let deadline {
                let left = ContinuousClock.now.duration(to: deadline).inNanoseconds
                guard left > 0 else { return false }
                timeout = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
            }
            let signal = sigtimedwait(&set, nil, &timeout)
            if group.signals.contains(signal) { received(signal) }
        }
        return true
    }

    private func received(_ signal: Int32) {
        let count = state.withLock { state in
            state.signalsSeen += 1
            if state.outcome == nil { state.outcome = .success(.signal(signal)) }
            return state.signalsSeen
        }
        if count > 1 { return group.exitAtOnce(128 + signal) }
        group.logger.info("shutting down", metadata: ["signal": "\(Signals.name(signal))"])
    }
}
