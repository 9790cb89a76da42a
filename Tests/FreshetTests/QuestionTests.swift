import Events
import Foundation
import HTTPAPI
import Models
import Pipeline
import ServiceKit
import Testing

@testable import freshet

@Suite struct QuestionTests {
    let log = MemoryEventLog()
    let worker: Worker

    init() throws {
        worker = try Worker(settings: WorkerSettings(), log: log, clock: { 0 })
        log.produceShop(300)
        try run()
        log.produceShop(200, from: 300)
        try run()
    }

    /// Until nothing is left to do, with everything committed.
    private func run() throws {
        for _ in 0..<20 { try worker.step(timeoutMilliseconds: 0) }
        try worker.settle(timeoutMilliseconds: 1000)
        for _ in 0..<5 { try worker.step(timeoutMilliseconds: 0) }
    }

    private func lists(of user: String) -> [[UInt8]] {
        log.written.filter { $0.topic == .recommendations && $0.key == Array(user.utf8) }.compactMap(\.value)
    }

    @Test func aQuestionGivesTheNewestListAndChangesNothing() throws {
        let counters = worker.counters
        let hash = worker.usersHash()
        let asked = try #require(ServeBoard.answer(.list(user: "u3"), worker))
        let answer = try JSONDecoder().decode(PublishedList.self, from: Data(asked))
        #expect(answer.user == "u3")
        #expect(answer.items.count > 5)
        #expect(ServeBoard.answer(.list(user: "u3"), worker) == asked)
        #expect(worker.counters == counters)
        #expect(worker.usersHash() == hash)
        let written = log.written.count
        try run()
        #expect(log.written.count == written, "a question makes no output")
    }

    @Test func unknownIDsHaveNoAnswer() {
        for question: ServeBoard.Question in [
            .list(user: "nobody"), .userFeatures(user: "nobody"), .related(item: "none"), .itemFeatures(item: "none"),
        ] {
            #expect(ServeBoard.answer(question, worker) == nil)
        }
        #expect(ServeBoard.answer(.userFeatures(user: "u3"), worker) != nil)
        #expect(ServeBoard.answer(.related(item: "p1"), worker) != nil)
        #expect(ServeBoard.answer(.itemFeatures(item: "p1"), worker) != nil)
    }

    /// What a stranger gets is popular and available, under the rules of every list.
    @Test func aStrangersListIsWhatIsPopular() throws {
        func popular(_ worker: Worker) throws -> [PublishedList.Item] {
            struct Popular: Decodable { let items: [PublishedList.Item] }
            let answer = try #require(ServeBoard.answer(.popular, worker))
            return try JSONDecoder().decode(Popular.self, from: Data(answer)).items
        }
        let counters = worker.counters
        let items = try popular(worker)
        #expect(items.count == worker.settings.rules.listItems && items.allSatisfy { $0.reason == "popular" })
        #expect(items.map(\.score) == items.map(\.score).sorted(by: >))
        #expect(worker.counters == counters)

        // A category has no more places than it may have.
        var settings = WorkerSettings()
        settings.rules.perCategoryMax = 2
        settings.rules.listItems = 6
        let ruled = try Worker(settings: settings, log: log, clock: { 0 })
        for _ in 0..<20 { try ruled.step(timeoutMilliseconds: 0) }
        let few = try popular(ruled)
        let categories = Dictionary(grouping: few, by: \.category)
        #expect(few.count == 6 && categories.values.allSatisfy { $0.count <= 2 }, "\(few)")
        log.catalogue(items[0].product, isAvailable: false)
        try worker.step(timeoutMilliseconds: 0)
        #expect(try popular(worker).map(\.product) != items.map(\.product))
        #expect(try popular(worker).allSatisfy { $0.product != items[0].product }, "it is withdrawn")
        let fresh = try Worker(settings: WorkerSettings(), log: log, clock: { 0 })
        #expect(ServeBoard.answer(.popular, fresh) == nil)
    }

    @Test func everyPublishedListIsComputedAgainToTheBit() throws {
        var checked = 0
        for user in ["u0", "u3", "u10"] {
            for list in lists(of: user) {
                let from = try JSONDecoder().decode(PublishedList.self, from: Data(list)).provenance
                let place = ListProvenance(
                    partition: 0, offset: from.offset, itemsOffset: from.itemsOffset, generation: from.generation)
                let again = try ListRecomputation(settings: WorkerSettings(), reading: log, requiresKey: false)
                    .list(user: Array(user.utf8), at: place, eventsLow: 0)
                #expect(ListComparison(published: list, again: again).isIdentical)
                checked += 1
            }
        }
        #expect(checked >= 6)
    }

    @Test func otherRulesGiveAnotherListAndItIsSaid() throws {
        let list = try #require(lists(of: "u3").last)
        let from = try JSONDecoder().decode(PublishedList.self, from: Data(list)).provenance
        var settings = WorkerSettings()
        settings.blend.category.weight *= 3
        let place = ListProvenance(
            partition: 0, offset: from.offset, itemsOffset: from.itemsOffset, generation: nil)
        let again = try ListRecomputation(settings: settings, reading: log, requiresKey: false)
            .list(user: Array("u3".utf8), at: place, eventsLow: 0)
        let comparison = ListComparison(published: list, again: again)
        #expect(!comparison.isIdentical)
        #expect(try comparison.text().contains("DIFFERENT"))
        // Not the hash of the configuration alone.
        let (before, now) = try (
            JSONDecoder().decode(PublishedList.self, from: Data(list)),
            JSONDecoder().decode(PublishedList.self, from: Data(again))
        )
        #expect(before.items != now.items)
    }

    @Test func aListTooOldIsRefused() throws {
        let place = ListProvenance(partition: 0, offset: 30, itemsOffset: 0, generation: nil)
        let error = #expect(throws: LogError.self) {
            _ = try ListRecomputation(settings: WorkerSettings(), reading: log, requiresKey: false)
                .list(user: Array("u3".utf8), at: place, eventsLow: 25)
        }
        #expect(error?.exitCode == 66, "\(error?.message ?? "")")
    }

    /// What is drawn by chance keeps the rule on categories, is nothing that the user has touched, and comes out again.
    @Test func explorationKeepsTheOtherRules() throws {
        let log = MemoryEventLog()
        var settings = WorkerSettings()
        settings.rules.listItems = 6
        settings.rules.perCategoryMax = 2
        settings.rules.exploration = 0.5
        settings.rules.excludesSeen = false
        let worker = try Worker(settings: settings, log: log, clock: { 0 })
        for start in [0, 250] {
            log.produceShop(250, from: start)
            for _ in 0..<20 { try worker.step(timeoutMilliseconds: 0) }
            try worker.settle(timeoutMilliseconds: 1000)
            for _ in 0..<5 { try worker.step(timeoutMilliseconds: 0) }
        }
        var drawn = 0
        for user in (0..<11).map({ "u\($0)" }) {
            let asked = try #require(
                log.written.last { $0.topic == .recommendations && $0.key == Array(user.utf8) }?.value)
            let list = try JSONDecoder().decode(PublishedList.self, from: Data(asked))
            let categories = Dictionary(grouping: list.items, by: \.category)
            #expect(list.items.count == 6 && categories.values.allSatisfy { $0.count <= 2 }, "\(list.items)")
            let touched = Set((0..<500).filter { "u\($0 * 7 % 11)" == user }.map { "p\($0 * $0 % 397)" })
            for item in list.items where item.reason == "exploration" {
                drawn += 1
                #expect(!touched.contains(item.product), "\(user) has touched \(item.product)")
            }
            let from = list.provenance
            let place = ListProvenance(
                partition: 0, offset: from.offset, itemsOffset: from.itemsOffset, generation: from.generation)
            let again = try ListRecomputation(settings: settings, reading: log, requiresKey: false)
                .list(user: Array(user.utf8), at: place, eventsLow: 0)
            #expect(ListComparison(published: asked, again: again).isIdentical)
        }
        #expect(drawn >= 20)
    }

    @Test func readinessFollowsTheWorker() throws {
        #expect(ServeBoard.readiness(of: worker) == .ready)
        let fresh = try Worker(settings: WorkerSettings(), log: log, clock: { 0 })
        guard case .notReady(let reason, _) = ServeBoard.readiness(of: fresh) else {
            Issue.record("a worker without its tables is ready")
            return
        }
        #expect(reason == "restoring")
    }

    @Test func readinessNamesTheCause() throws {
        func reason(_ worker: Worker) -> String? {
            guard case .notReady(let reason, _) = ServeBoard.readiness(of: worker) else { return nil }
            return reason
        }
        var now: UInt64 = 1_000_000
        let log = MemoryEventLog()
        let worker = try Worker(settings: WorkerSettings(), log: log) { now }
        var notices: [String] = []
        worker.notice = { notices.append($0) }
        func step(_ times: Int = 20) throws { for _ in 0..<times { try worker.step(timeoutMilliseconds: 0) } }
        log.produceShop(100)
        try step()
        now += 60_000
        try step()
        #expect(worker.commitAgeMilliseconds == 0 && reason(worker) == nil)

        // Quiet for a minute, then events whose commit does not end.
        now += 60_000
        try step(1)
        log.holdsCommits = true
        log.produceShop(100, from: 100)
        try step()
        #expect(worker.isCommitting && worker.commitAgeMilliseconds == 0)
        now += 15_000
        try step()
        #expect(worker.commitAgeMilliseconds == 15_000 && reason(worker) == nil)
        now += 1_000
        #expect(reason(worker) == "commits_stalled")
        log.isReachable = false
        #expect(reason(worker) == "broker_unreachable")
        log.isReachable = true
        log.holdsCommits = false
        try step()
        now += 60_000
        try step()
        #expect(worker.commitAgeMilliseconds == 0 && reason(worker) == nil)

        log.changes = [.revoked([0])]
        try step(1)
        #expect(notices.last?.hasPrefix("partitions 0: given back") == true && reason(worker) == "no_partitions")
        log.changes = [.assigned([0])]
        try step()
        log.changes = [.lost([0])]
        try step(1)
        #expect(notices.last?.hasPrefix("partitions 0: lost") == true, "\(notices)")
    }

    @Test func metricsAreTheWorkersCounters() throws {
        let registry = MetricsRegistry()
        let metrics = ServeMetrics(registry)
        metrics.begin(worker)
        metrics.update(worker, LeaderService.Standing(isLeading: true))
        log.produce(key: "u1", "not json")
        log.produce(
            key: "u1", #"{"event_time":1600000000,"event_type":"view","product_id":"p1","user_id":"u1"}"#)
        try run()
        metrics.update(worker, LeaderService.Standing(isLeading: true))
        metrics.update(worker, LeaderService.Standing(isLeading: true))
        let text = String(decoding: registry.renderPrometheus(), as: UTF8.self)
        for line in [
            "freshet_events_total 501", "freshet_late_events_total 1", "freshet_clamped_events_total 0",
            "freshet_rejected_total{reason=\"malformed-json\"} 1", "freshet_users 11",
            "freshet_leader 1", "freshet_partitions 1", "freshet_restoring_partitions 0",
            "freshet_lists_total \(worker.counters.lists)", "freshet_commit_age_seconds 0",
        ] {
            #expect(text.contains("\n\(line)\n"), "\(line)")
        }
        #expect(text.contains("freshet_commit_seconds_count "))
        #expect(text.contains("\nfreshet_live_ndcg ") == (worker.liveQuality.cases > 0))
        metrics.startOver(LeaderService.Standing())
        let without = String(decoding: registry.renderPrometheus(), as: UTF8.self)
        for line in ["freshet_users 0", "freshet_leader 0", "freshet_partitions 0", "freshet_events_total 501"] {
            #expect(without.contains("\n\(line)\n"), "\(line)")
        }
        try Self.checkWithPromtool(registry)
    }

    /// The rules are such as Prometheus takes, and of metrics that there are.
    @Test func alertsAreOfWhatIsShown() throws {
        let registry = MetricsRegistry()
        let board = ServeBoard(registry: registry)
        withExtendedLifetime((board, ServeMetrics(registry))) {}
        let file = URL(fileURLWithPath: SettingsFileTests.path).deletingLastPathComponent()
            .appendingPathComponent("alerts.yaml")
        // The lag is there only while it is known; so is the live quality, for which there are no alerts.
        let shown = String(decoding: registry.renderPrometheus(), as: UTF8.self) + "# TYPE freshet_partition_lag gauge"
        #expect(!shown.contains("freshet_live_ndcg") && !shown.contains("freshet_live_hit_rate"))
        let names = try String(contentsOf: file, encoding: .utf8).matches(of: /freshet_[a-z_]+/).map(\.output)
        #expect(names.count > 8)
        for name in names { #expect(shown.contains("# TYPE \(name) "), "\(name)") }
        try Self.checkWithPromtool(["check", "rules", file.path])
    }

    private static func checkWithPromtool(_ registry: MetricsRegistry) throws {
        try checkWithPromtool(["check", "metrics"], registry.renderPrometheus())
    }

    private static func checkWithPromtool(_ arguments: [String], _ text: [UInt8] = []) throws {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool") else {
            return print("left out: promtool is not installed, so nothing was given to it")
        }
        let tool = Process()
        tool.executableURL = URL(fileURLWithPath: "/usr/bin/promtool")
        tool.arguments = arguments
        let (input, output) = (Pipe(), Pipe())
        (tool.standardInput, tool.standardOutput, tool.standardError) = (input, output, output)
        try tool.run()
        input.fileHandleForWriting.write(Data(text))
        try input.fileHandleForWriting.close()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        tool.waitUntilExit()
        #expect(tool.terminationStatus == 0, "\(said)")
    }
}
