import Foundation
import HTTPAPI
import Kafka
import ServiceKit
import Synchronization
import Testing

@testable import freshet

@Suite struct MailboxTests {
    @Test func theOwnerAnswersBetweenTwoRounds() throws {
        let mailbox = Mailbox<Int, Int?>()
        let isDone = Atomic(false)
        let thread = Thread {
            while !isDone.load(ordering: .acquiring) {
                mailbox.serve { $0 < 0 ? nil : $0 * 2 }
                usleep(500)
            }
        }
        thread.start()
        defer { isDone.store(true, ordering: .releasing) }
        #expect(try mailbox.ask(21, within: .seconds(10)) == 42)
        #expect(try mailbox.ask(-1, within: .seconds(10)) == nil)
    }

    @Test func nobodyWaitsPastTheDeadline() {
        let mailbox = Mailbox<Int, Int>()
        let began = ContinuousClock.now
        #expect(throws: Mailbox<Int, Int>.Late.self) { _ = try mailbox.ask(1, within: .milliseconds(20)) }
        #expect(ContinuousClock.now - began < .seconds(5))
        // What was given up is not worked on.
        mailbox.serve { _ in
            Issue.record("an abandoned question is answered")
            return 0
        }
    }

    /// One who waits in vain is enough: those behind, and what shares their threads, do not.
    @Test func nobodyWaitsForAnOwnerWhoIsBusy() throws {
        let mailbox = Mailbox<Int, Int>()
        #expect(throws: Mailbox<Int, Int>.Late.self) { _ = try mailbox.ask(1, within: .milliseconds(20)) }
        let began = ContinuousClock.now
        #expect(throws: Mailbox<Int, Int>.Late.self) { _ = try mailbox.ask(1, within: .seconds(60)) }
        #expect(ContinuousClock.now - began < .seconds(30))
        // The owner looks again.
        mailbox.serve { $0 }
        let isDone = Atomic(false)
        Thread.detachNewThread {
            while !isDone.load(ordering: .acquiring) {
                mailbox.serve { $0 + 1 }
                usleep(500)
            }
        }
        defer { isDone.store(true, ordering: .releasing) }
        #expect(try mailbox.ask(1, within: .seconds(30)) == 2)
    }

    @Test func aFullBoxRefusesAtOnce() {
        let mailbox = Mailbox<Int, Int>(most: 0)
        let began = ContinuousClock.now
        #expect(throws: Mailbox<Int, Int>.Late.self) { _ = try mailbox.ask(1, within: .seconds(60)) }
        #expect(ContinuousClock.now - began < .seconds(30))
    }
}

@Suite struct BoardTests {
    /// What can be told is told, whatever `/ready` says: items without any partition, users where only commits wait.
    @Test(arguments: [
        ("commits_stalled", false, false), ("broker_unreachable", true, false), ("no_partitions", true, false),
        ("restoring", true, true),
    ])
    func lookupsAreRefusedWhereNothingIsKnown(_ reason: String, _ user: Bool, _ item: Bool) throws {
        let board = ServeBoard(registry: MetricsRegistry())
        let server = try HTTPServer(listen: ListenAddress(host: "127.0.0.1", port: 0), router: board.router())
        board.show(.notReady(reason: reason, detail: "refused"))
        // Nobody answers: what is not refused waits in vain.
        for (path, isRefused) in [("/recommendations/u", user), ("/popular", user), ("/related/i", item)] {
            let answer = LoopbackHTTP.get(path, port: server.address.port) ?? ""
            #expect(answer.contains("refused") == isRefused && answer.contains("busy") != isRefused, "\(answer)")
        }
    }

    /// A lag that is not known is not shown.
    @Test func theLagGoesWithTheBroker() throws {
        let broker = try EmbeddedBroker()
        try broker.createTopic("t", partitions: 3)
        let settings = KafkaSettings(bootstrapServers: broker.bootstrapServers)
        let producer = try Producer(settings)
        for partition in [Int32(0), 1, 1] {
            try Array("x".utf8).withUnsafeBytes {
                _ = try producer.send(producer.topic("t"), partition: partition, key: nil, value: $0)
            }
        }
        try producer.flush(timeoutMilliseconds: 10_000)
        let registry = MetricsRegistry()
        let lag = LagService(settings, topic: "t", group: "g", registry: registry)
        func awaitLags(_ wanted: [String]) {
            let deadline = ContinuousClock.now + .seconds(30)
            var shown: [String] = []
            repeat {
                Thread.sleep(forTimeInterval: 0.05)
                shown = String(decoding: registry.renderPrometheus(), as: UTF8.self).split(separator: "\n")
                    .filter { $0.hasPrefix("freshet_partition_lag{") }.map { String($0.suffix(2)) }
            } while shown != wanted && ContinuousClock.now < deadline
            #expect(shown == wanted)
        }
        let ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            try? lag.run()
            ended.signal()
        }
        lag.note([0: 0, 1: 0, 2: 0])
        awaitLags([" 1", " 2", " 0"])
        lag.note([1: 1])
        awaitLags([" 1"])
        try broker.setReachable(false)
        awaitLags([])
        lag.beginShutdown()
        #expect(ended.wait(timeout: .now() + 10) == .success)
    }
}
