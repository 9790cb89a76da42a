import Foundation
import Kafka
import Pipeline
import ServiceKit
import Synchronization

/// The whole demo: broker, service, consumer and screen on threads of their own, the shop on this one.
final class DemoRun: Service {
    struct Settings: Sendable {
        var events = 50_000
        var seed: UInt64 = 7
        var input: String?
        var follows = false
        var svg: String?
        var liveSeconds = 40.0
    }

    /// `events` and the lists; the broker keeps 5 MB of a partition, so lists, which are long, have more of them.
    static let eventPartitions: Int32 = 4
    static let listPartitions: Int32 = 16

    let name = "demo"
    private let settings: Settings
    private let configuration: Configuration
    private let stop = Latch()
    private let code = Mutex<Int32>(1)

    init(_ settings: Settings, _ configuration: Configuration) {
        self.settings = settings
        self.configuration = configuration
    }

    var exitCode: Int32 { code.withLock { $0 } }

    func beginShutdown() { stop.set() }

    func run() throws {
        var goOn: (() -> DemoEvent)?
        let story: DemoStory
        if let path = settings.input {
            story = try FileStory(path: path, events: settings.events, liveSeconds: settings.liveSeconds).make()
        } else {
            // Event time reaches the present when the live part ends.
            let end = Int64(Date().timeIntervalSince1970 * 1000) + Int64((settings.liveSeconds + 2) * 1000)
            (story, goOn) = ShopStory(
                seed: settings.seed, events: settings.events, liveSeconds: settings.liveSeconds, end: end
            ).make()
        }
        let broker = try EmbeddedBroker()
        let deployment = Deployment(configuration: configuration, bootstrap: broker.bootstrapServers)
        try Self.createTopics(broker, deployment.topics)
        let board = DemoBoard(story)
        let memory = MemoryTopics()
        let recording = settings.svg == nil ? nil : TerminalRecording()
        let screen = DemoScreen(
            board, address: broker.bootstrapServers, total: story.events.count, recorder: recording)
        let service = try DemoService(deployment, memory, board)
        let reader = DemoReader(deployment, partitions: Self.listPartitions, board)
        let shop = try DemoSender(deployment, board, stop)
        screen.start()
        service.start()
        reader.start()
        defer {
            service.finish()
            reader.finish()
            withExtendedLifetime(broker) {}
        }
        var check: DemoSummary.Check?
        do {
            try shop.play(story, liveSeconds: settings.liveSeconds)
            check = try verify(board, service, deployment, memory, records: shop.sent)
        } catch {
            screen.finish()
            throw error
        }
        board.with { $0.part = .over }
        screen.finish()
        let summary = DemoSummary(state: board.view, check: check)
        for line in summary.lines(style: Style(for: .standardOutput)) { print(line) }
        if let recording, let path = settings.svg {
            recording.add(summary.lines(style: Style(isEnabled: true)))
            try OutputFile.write(recording.svg(), to: path)
            print("recorded in \(path)")
        }
        code.withLock { $0 = summary.exitCode }
        guard settings.follows, !stop.isSet, summary.exitCode == 0 else { return }
        try follow(board, shop, deployment, story, goOn)
    }

    private static func createTopics(_ broker: EmbeddedBroker, _ names: TopicNames) throws {
        let specifications = Topics.specifications(names, partitions: eventPartitions, includeInternal: false)
        for topic in specifications {
            let partitions = topic.name == names.recommendations ? listPartitions : eventPartitions
            try broker.createTopic(topic.name, partitions: partitions)
        }
    }

    /// Compares the service's state with one that is rebuilt from the logs.
    private func verify(
        _ board: DemoBoard, _ service: DemoService, _ deployment: Deployment, _ memory: MemoryTopics, records: Int
    ) throws -> DemoSummary.Check? {
        guard !stop.isSet else { return nil }
        board.with { $0.part = .checking }
        guard let live = service.quietHashes(timeoutSeconds: 20) else {
            if let failure = board.with({ $0.failure }) { throw CommandFailure(failure) }
            if stop.isSet { return nil }
            throw CommandFailure("the service did not come to rest within 20 s")
        }
        let check = DemoCheck(deployment: deployment, memory: memory, records: records)
        let rebuilt = try check.rebuild(progress: { _ in }, stop: { self.stop.isSet })
        return rebuilt.map { DemoSummary.Check(live: live, rebuilt: $0) }
    }

    private func follow(
        _ board: DemoBoard, _ shop: DemoSender, _ deployment: Deployment, _ story: DemoStory, _ goOn: (() -> DemoEvent)?
    ) throws {
        for line in DemoSummary.joiningIn(deployment, product: story.items.first?.id ?? "1") { print(line) }
        print("")
        // It goes on for as long as somebody likes: a pipe shall not wait for that.
        fflush(nil)
        board.with { $0.part = .following }
        let screen = DemoScreen(board, address: deployment.bootstrap, total: story.events.count, recorder: nil)
        screen.start()
        defer { screen.finish() }
        try shop.follow(goOn)
    }
}
