import Foundation
import Kafka
import Pipeline
import Testing

@testable import freshet

extension ProgramTests {
    /// The promises about crashes, on a real Kafka: the service is killed while events flow.
    @Suite struct CrashTests {
        /// How long each of the killed services lived once events began to flow, in seconds.
        private static let lives = [0.05, 0.4, 0.15, 0.3, 0.25]
        private static let eventsALife = 600
        /// One record in so many cannot be learnt.
        fileprivate static let brokenEach = 40

        @Test(arguments: ["exactly_once", "at_least_once"])
        func nothingIsLostOrLearntTwice(guarantee: String) throws {
            var shop = try ProgramShop(["FRESHET_PROCESSING_GUARANTEE": guarantee, "FRESHET_INSTANCE_ID": "one"])
            shop.users = 101
            var sent = 0
            var lives = Self.lives[...]
            while let life = lives.popFirst() {
                let service = try shop.program.start(["serve"])
                try shop.waitForCommit(Int64(sent))
                let flow = Flow(shop, from: sent, count: Self.eventsALife)
                flow.waitForFirst()
                Thread.sleep(forTimeInterval: life)
                service.kill()
                #expect(try service.wait().status != 0)
                try flow.wait()
                sent += Self.eventsALife
                // Until one died in the middle of a transaction, which is not sure to happen.
                if lives.isEmpty, guarantee == "exactly_once", sent < 15 * Self.eventsALife,
                    try shop.records("recommendations", isCommitted: false).count
                        == shop.records("recommendations").count
                {
                    lives.append(0.2)
                }
            }
            let service = try shop.program.start(["serve"])
            try shop.waitForCommit(Int64(sent))
            try shop.stop(service)

            let isExact = guarantee == "exactly_once"
            try checkLists(shop, isExact: isExact)
            try checkDeadLetters(shop, isExact: isExact, count: sent / Self.brokenEach)
            // Users are those of a deployment that nobody killed, and of a replay.
            #expect(try shop.check(["replay", "--verify"]).output.contains("identical"))
            let calm = shop.with(["FRESHET_APPLICATION_ID": "calm", "FRESHET_PUBLISHING_ENABLED": "false"])
            try calm.check(["topics", "create"])
            let uninterrupted = try calm.check(["serve", "--stop-at-end"]).summary
            let killed = try shop.check(["state", "hash", "--json"]).summary
            #expect(uninterrupted["events"] as? Int == sent - sent / Self.brokenEach)
            #expect(killed["users"] as? String == uninterrupted["users"] as? String)
            for user in ["u0", "u7", "u99"] {
                #expect(try shop.check(["explain", user]).output.contains("identical"))
            }
        }

        /// Everybody has a list, and a committed reader sees none twice and none after a newer one.
        private func checkLists(_ shop: ProgramShop, isExact: Bool) throws {
            let records = try shop.records("recommendations")
            #expect(Set(records.map(\.key)).count == shop.users)
            guard isExact else { return }
            var seen: Set<String> = []
            var newest: [String: Int64] = [:]
            for record in records {
                let list = try #require(record.value.flatMap { $0.withUnsafeBytes { ListScanner.scan($0) } })
                // The same events can make two lists, where one was short and the items have learnt more since.
                let inputs = "\(record.key) at \(list.provenance.offset), items at \(list.provenance.itemsOffset)"
                #expect(seen.insert(inputs).inserted, "twice: \(inputs)")
                #expect(list.provenance.offset >= newest[record.key] ?? -1, "\(record.key): older after newer")
                newest[record.key] = list.provenance.offset
            }
            // The services died in the middle of transactions, or this shows nothing.
            #expect(try shop.records("recommendations", isCommitted: false).count > records.count)
        }

        private func checkDeadLetters(_ shop: ProgramShop, isExact: Bool, count: Int) throws {
            let letters = try shop.records("events.dead-letter")
            let places = Set(letters.map { [$0.headers["freshet.partition"], $0.headers["freshet.offset"]] })
            #expect(places.count == count)
            if isExact { #expect(letters.count == count) }
            #expect(letters.allSatisfy { $0.headers["freshet.reason"] == "unknown-type" })
        }

        /// A member that dies without a word: its partition goes to the other one, which had not stopped.
        @Test func aDeadInstancesUsersAreServedAgain() throws {
            let shop = try ProgramShop(["FRESHET_KAFKA_SESSION_TIMEOUT_MS": "6000"])
            let instances = try (0..<2).map { _ in try shop.program.start(["serve"]) }
            try shop.send(400, from: 0)
            try shop.waitForCommit(400)
            try shop.wait("both instances have a partition") {
                instances.allSatisfy { $0.log.contains("users restored") }
            }
            let before = try shop.records("recommendations").count
            instances[0].kill()
            _ = try instances[0].wait()
            let death = Date()
            try shop.send(200, from: 400)
            try shop.waitForCommit(600, seconds: 30)
            // The session's six seconds, what was left of a rebalance, and the restore.
            #expect(Date().timeIntervalSince(death) < 20)
            try shop.stop(instances[1])
            let lists = try shop.records("recommendations")
            #expect(lists.count > before)
            #expect(Set(lists.map(\.key)).count == shop.users)
            #expect(try shop.check(["replay", "--verify"]).output.contains("identical"))
        }

        /// A member that is slow to hear of it keeps the group waiting for seconds; those that were there go on meanwhile, also
        /// where their offsets can only be committed afterwards.
        @Test(arguments: ["exactly_once", "at_least_once"])
        func anInstanceThatJoinsMakesNobodyStartOver(guarantee: String) throws {
            let shop = try ProgramShop(["FRESHET_PROCESSING_GUARANTEE": guarantee])
            let first = try shop.program.start(["serve"])
            try shop.send(100, from: 0)
            try shop.waitForCommit(100)
            let flow = Flow(shop, from: 100, count: 8_000)
            flow.waitForFirst()
            let second = try shop.with(["FRESHET_KAFKA_HEARTBEAT_INTERVAL_MS": "3000"]).program.start(["serve"])
            try shop.wait("the second has a partition") { second.log.contains("users restored") }
            try flow.wait()
            try expectNoStartOver(of: first, in: shop, events: 8_100, others: [second])
        }

        private func expectNoStartOver(
            of first: Program.Running, in shop: ProgramShop, events: Int64, others: [Program.Running]
        ) throws {
            try shop.waitForCommit(events)
            #expect(!first.log.contains("starting over"), "\(first.log)")
            for service in [first] + others { try shop.stop(service) }
            #expect(try shop.check(["replay", "--verify"]).output.contains("identical"))
        }

        /// A member that hangs keeps the group from being formed for its whole session, and the offsets of the others from
        /// being committed: longer than a checkpoint would be good for that waits for a commit that was begun before.
        @Test func aMemberThatHangsMakesNobodyStartOver() throws {
            let shop = try ProgramShop(["FRESHET_PROCESSING_GUARANTEE": "at_least_once"])
            let (first, second) = (try shop.program.start(["serve"]), try shop.program.start(["serve"]))
            try shop.wait("both have a partition") {
                first.log.contains("users restored") && second.log.contains("users restored")
            }
            let flow = Flow(shop, from: 0, count: 20_000)
            flow.waitForFirst()
            Thread.sleep(forTimeInterval: 1)
            kill(second.processIdentifier, SIGSTOP)
            let third = try shop.program.start(["serve"])
            try shop.wait("the third has a partition") { third.log.contains("users restored") }
            second.kill()
            _ = try second.wait()
            try flow.wait()
            try expectNoStartOver(of: first, in: shop, events: 20_000, others: [third])
        }

        /// An operator moves the group back under a state that has learnt what comes next. Nothing goes on from there, and
        /// nothing is lost when the offsets are put back.
        @Test func offsetsThatWereMovedBackAreRefused() throws {
            let shop = try ProgramShop()
            try shop.send(400, from: 0)
            let first = try shop.check(["serve", "--stop-at-end"]).summary
            let admin = try Admin(["bootstrap.servers": shop.cluster.bootstrap])
            let committed = try admin.groupOffsets("freshet")
            #expect(committed.reduce(0) { $0 + $1.offset } >= 400)
            for back in [Int64.max, 20] {
                let moved = committed.map { PartitionOffset($0.place, max(0, $0.offset - back)) }
                try admin.setGroupOffsets("freshet", moved)
                for arguments in [["serve", "--stop-at-end"], ["state", "hash"]] {
                    let refused = try shop.program.run(arguments)
                    #expect(refused.status != 0)
                    #expect(refused.log.contains("the group's offsets were moved back"), "\(refused.log)")
                }
                let left = try admin.groupOffsets("freshet")
                #expect(Set(left.map(\.offset)) == Set(moved.map(\.offset)), "something was committed over them")
            }
            try admin.setGroupOffsets("freshet", committed)
            try shop.send(100, from: 400)
            let again = try shop.check(["serve", "--stop-at-end"]).summary
            #expect(first["events"] as? Int == 400 && again["events"] as? Int == 100)
            #expect(try shop.check(["replay", "--verify"]).output.contains("identical"))
        }
    }

    /// Events that a producer sends while the service works, some of them broken.
    private final class Flow {
        private let begun = DispatchSemaphore(value: 0)
        private let done = DispatchSemaphore(value: 0)
        private let failure = Failure()

        private final class Failure: @unchecked Sendable {
            var error: (any Error)?
        }

        init(_ shop: ProgramShop, from start: Int, count: Int) {
            let (failure, begun, done, bootstrap) = (failure, begun, done, shop.cluster.bootstrap)
            let records = (start..<(start + count)).map { index in
                (
                    key: shop.user(index),
                    value: index % CrashTests.brokenEach == 0
                        ? #"{"event_type":"sale","user_id":"\#(shop.user(index))"}"#
                        : ProgramShop.event(index, user: shop.user(index))
                )
            }
            Thread.detachNewThread {
                do { try Self.send(records, bootstrap, begun) } catch { failure.error = error }
                begun.signal()
                done.signal()
            }
        }

        /// Until the first event is there: a new producer takes its time.
        func waitForFirst() { begun.wait() }

        func wait() throws {
            done.wait()
            if let error = failure.error { throw error }
        }

        private static func send(
            _ records: [(key: String, value: String)], _ bootstrap: String, _ begun: DispatchSemaphore
        ) throws {
            let producer = try Producer(["bootstrap.servers": bootstrap, "partitioner": "murmur2_random"])
            let topic = producer.topic("events")
            for (index, (key, value)) in records.enumerated() {
                try Array(key.utf8).withUnsafeBytes { key in
                    try Array(value.utf8).withUnsafeBytes { _ = try producer.send(topic, key: key, value: $0) }
                }
                if index == 0 {
                    try producer.flush(timeoutMilliseconds: 10_000)
                    begun.signal()
                }
                Thread.sleep(forTimeInterval: 0.0007)
            }
            try producer.flush(timeoutMilliseconds: 10_000)
        }
    }
}
