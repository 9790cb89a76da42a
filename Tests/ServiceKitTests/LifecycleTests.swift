import Foundation
import Synchronization
import Testing

@testable import ServiceKit

/// What happened, in its order, across threads.
private final class Journal: Sendable {
    private let entries = Mutex<[String]>([])
    func add(_ entry: String) { entries.withLock { $0.append(entry) } }
    var all: [String] { entries.withLock { $0 } }
}

private struct Failure: Error, CustomStringConvertible, ExitCoding {
    let description: String
    var exitCode: Int32 { 75 }
}

/// Runs until it is asked to stop, or does something else first.
private final class TestService: Service {
    let name: String
    let journal: Journal
    let stop = Latch()
    let work: @Sendable (Latch) throws -> Void

    init(_ name: String, _ journal: Journal, work: @escaping @Sendable (Latch) throws -> Void = waitForStop) {
        self.name = name
        self.journal = journal
        self.work = work
    }

    func run() throws {
        defer { journal.add("\(name) ended") }
        try work(stop)
    }

    func beginShutdown() {
        journal.add("\(name) asked")
        stop.set()
    }
}

@Sendable private func waitForStop(_ stop: Latch) { while !stop.wait(for: .seconds(60)) {} }

@Suite struct LifecycleTests {
    private let journal = Journal()
    let captured = Captured()
    /// Signals that end nothing else, sent to the waiting thread alone.
    let signals = [SIGUSR2]

    func makeGroup(
        _ members: [ServiceGroup.Member], deadline: Duration = .seconds(20),
        exit: @escaping @Sendable (Int32) -> Void = { _ in Issue.record("exited at once") }
    ) -> ServiceGroup {
        let logger = Logger(label: "group", sink: captured.sink(level: .debug))
        return ServiceGroup(
            members: members, logger: logger, shutdownDeadline: deadline, signals: signals, exitAtOnce: exit)
    }

    /// Runs the group on a thread that blocks the signals, and gives that thread to `meanwhile`.
    func run(_ group: ServiceGroup, meanwhile: (pthread_t) -> Void = { _ in }) async -> Result<
        ServiceGroup.End, any Error
    > {
        let thread = Mutex<pthread_t?>(nil)
        let result = Mutex<Result<ServiceGroup.End, any Error>?>(nil)
        let started = DispatchSemaphore(value: 0)
        let ended = DispatchSemaphore(value: 0)
        withoutActuallyEscaping(meanwhile) { meanwhile in
            Thread {
                Signals.block([SIGUSR2, Signals.wakeUp])
                thread.withLock { $0 = pthread_self() }
                started.signal()
                let end = Result { try group.run() }
                result.withLock { $0 = end }
                ended.signal()
            }.start()
            started.wait()
            meanwhile(thread.withLock { $0! })
            ended.wait()
        }
        return result.withLock { $0! }
    }

    @Test func aSignalShutsDownInReverseOrder() async throws {
        let group = makeGroup([.init(TestService("a", journal)), .init(TestService("b", journal))])
        let end = await run(group) { pthread_kill($0, SIGUSR2) }
        #expect(try end.get() == .signal(SIGUSR2))
        #expect(journal.all == ["b asked", "b ended", "a asked", "a ended"])
        #expect(captured.text().contains("message=\"shutting down\" signal=\"signal 12\""))
    }

    @Test func aServiceThatFinishesEndsTheGroup() async throws {
        let group = makeGroup([
            .init(TestService("a", journal)), .init(TestService("quick", journal) { _ in }, whenFinished: .ignore),
            .init(TestService("job", journal) { $0.wait(for: .milliseconds(50)) }),
        ])
        #expect(try await run(group).get() == .finished(service: "job"))
        #expect(journal.all == ["quick ended", "job ended", "a asked", "a ended"])
    }

    @Test func aFailureShutsDownAndIsReported() async throws {
        let group = makeGroup([
            .init(TestService("a", journal)),
            .init(TestService("bad", journal) { _ in throw Failure(description: "no broker") }),
        ])
        let end = await run(group)
        let failure = try #require(throws: ServiceFailure.self) { try end.get() }
        #expect(failure.service == "bad" && failure.description == "bad: no broker" && failure.exitCode == 75)
        #expect(journal.all == ["bad ended", "a asked", "a ended"])
        #expect(captured.text().contains("error=\"bad: no broker\""))
    }

    @Test func aFailureWhileShuttingDownIsReportedToo() async throws {
        let group = makeGroup([
            .init(
                TestService("late", journal) { stop in
                    waitForStop(stop)
                    throw Failure(description: "commit failed")
                })
        ])
        let end = await run(group) { pthread_kill($0, SIGUSR2) }
        #expect(throws: ServiceFailure.self) { try end.get() }
        #expect(captured.text().contains("error=\"late: commit failed\""))
    }

    @Test func theDeadlineEndsTheWaiting() async throws {
        let release = Latch()
        let group = makeGroup(
            [.init(TestService("stuck", journal) { _ in waitForStop(release) })], deadline: .milliseconds(50))
        let end = await run(group) { pthread_kill($0, SIGUSR2) }
        release.set()
        let failure = try #require(throws: ServiceFailure.self) { try end.get() }
        #expect(failure.description == "stuck did not stop in time")
    }

    @Test func aSecondSignalExitsAtOnce() async throws {
        let codes = Mutex<[Int32]>([])
        let release = Latch()
        let group = makeGroup([.init(TestService("slow", journal) { _ in waitForStop(release) })]) { code in
            codes.withLock { $0.append(code) }
            release.set()
        }
        let journal = journal
        _ = await run(group) { thread in
            pthread_kill(thread, SIGUSR2)
            while journal.all.isEmpty { usleep(1_000) }
            pthread_kill(thread, SIGUSR2)
        }
        #expect(codes.withLock { $0 } == [128 + SIGUSR2])
    }

    @Test func aStopRequestWakesItsWaiter() {
        let stop = Latch()
        #expect(!stop.wait(for: .milliseconds(5)))
        let start = ContinuousClock.now
        Thread { stop.set() }.start()
        #expect(stop.wait(for: .seconds(30)))
        #expect(stop.isSet && start.duration(to: .now) < .seconds(20))
    }

    @Test func aStopRequestWakesAllThatWait() {
        let stop = Latch()
        let woken = DispatchSemaphore(value: 0)
        for _ in 0..<3 { Thread { if stop.wait(for: .seconds(60)) { woken.signal() } }.start() }
        stop.set()
        for _ in 0..<3 { woken.wait() }
        #expect(!Latch().wait(for: .zero) && !Latch().wait(for: .seconds(-1)))
    }
}
