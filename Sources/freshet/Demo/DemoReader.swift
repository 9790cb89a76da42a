import Foundation
import Kafka
import Pipeline
import ServiceKit

/// The demo's consumer of the lists: a program like any other that reads the recommendations topic.
final class DemoReader: Sendable {
    private let deployment: Deployment
    private let partitions: Int32
    private let board: DemoBoard
    private let stop = Latch()
    private let ended = Latch()

    init(_ deployment: Deployment, partitions: Int32, _ board: DemoBoard) {
        self.deployment = deployment
        self.partitions = partitions
        self.board = board
    }

    func start() {
        let thread = Thread { [self] in
            do { try work() } catch { board.with { $0.failure = "the consumer of the lists: \(error)" } }
            ended.set()
        }
        thread.name = "lists"
        thread.start()
    }

    func finish() {
        stop.set()
        ended.wait(for: .seconds(5))
    }

    private func work() throws {
        var settings = DemoService.embeddedClient(deployment)
        // The embedded broker drops old records where Kafka would compact them.
        settings["auto.offset.reset"] = "earliest"
        let reader = try PartitionReader(settings)
        let topic = deployment.topics.recommendations
        try reader.assign((0..<partitions).map { PartitionOffset(topic, $0, PartitionOffset.beginning) })
        let decoder = JSONDecoder()
        while !stop.isSet {
            let polled = reader.poll(max: 500, timeoutMilliseconds: 50)
            for message in polled.messages {
                guard let value = message.value, value.count > 0 else { continue }
                board.read(try ListScanner.scan(value) ?? decoder.decode(PublishedList.self, from: Data(value)))
            }
            polled.messages.destroy()
        }
    }
}
