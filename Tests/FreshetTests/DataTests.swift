import Evaluation
import Events
import Foundation
import Models
import Testing

@testable import freshet

@Suite struct DataTests {
    private static func stream(_ lines: [[UInt8]]) throws -> EventStream {
        try Array(lines.joined(separator: [10])).withUnsafeBytes { try EventStreamReader().read($0) }
    }

    @Test func simulationIsItsSeedAndStaysWithinItsSizes() throws {
        let events = DataSimulation.events(users: 200, items: 400, events: 5_000, seed: 3)
        #expect(events == DataSimulation.events(users: 200, items: 400, events: 5_000, seed: 3))
        #expect(events != DataSimulation.events(users: 200, items: 400, events: 5_000, seed: 4))
        let statistics = StreamStatistics(try Self.stream(events))
        #expect(statistics.events == 5_000)
        #expect(statistics.users > 150 && statistics.users <= 200)
        #expect(statistics.items > 300 && statistics.items <= 400)
        #expect(try #require(statistics.types[.purchase]) > 100)
        let times = try #require(statistics.times)
        let days = Double(times.upperBound - times.lowerBound) / 86_400_000
        #expect(days > 20 && days < 45)
    }

    @Test func statisticsOfAFewEvents() throws {
        let lines = [("a", "1"), ("a", "1"), ("a", "2"), ("b", "2"), ("b", "3")].enumerated().map {
            Array(
                "{\"user_id\":\"\($1.0)\",\"product_id\":\"\($1.1)\",\"event_type\":\"view\",\"event_time\":\($0 + 1)}"
                    .utf8)
        }
        let statistics = StreamStatistics(try Self.stream(lines))
        #expect(statistics.pairs == 4 && statistics.repeatShare == 0.2)
        #expect(abs(statistics.density - 4.0 / 6) < 1e-12)
        #expect(statistics.itemsOfUsers == [2, 2] && statistics.usersOfItems == [1, 1, 2])
        // The first event warms up; a's item 2 and b's item 3 were never seen before.
        #expect(statistics.targets == 2 && statistics.newTargetShare == 1)
        #expect(StreamStatistics.percentile(0.5, of: [1, 2, 3, 4]) == 2)
        #expect(StreamStatistics.percentile(1, of: [1, 2, 3, 4]) == 4)
    }

    @Test func rowsOfREES46AreReadAgain() throws {
        var event = ShopEvent()
        event.type = .cart
        event.time = 1_569_888_001_250
        event.price = 12.5
        var bytes = Array(EventLayout.header.utf8)
        let texts = ["u,1", "p\"2\"", "cat", "a.b", "Brand"].map { Array($0.utf8) }
        texts[0].withUnsafeBytes { user in
            texts[1].withUnsafeBytes { item in
                texts[4].withUnsafeBytes { brand in
                    event.user = user
                    event.item = item
                    event.brand = brand
                    EventLayout.appendRow(event, to: &bytes)
                }
            }
        }
        let stream = try bytes.withUnsafeBytes { try EventStreamReader().read($0) }
        let read = stream.event(0)
        #expect(stream.count == 1 && read.time == event.time && read.type == .cart && read.price == 12.5)
        #expect(read.user.elementsEqual(texts[0]) && read.item.elementsEqual(texts[1]))
        #expect(read.brand.elementsEqual(texts[4]) && read.categoryID.isEmpty)
    }

    @Test func splitsOnDiskAskForTheSame() throws {
        let stream = try Self.stream(DataSimulation.events(users: 120, items: 200, events: 3_000, seed: 5))
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let split = OfflineSplit.lastOut(stream)
        try DataSplit.write(split, to: folder, hasNegatives: true)
        func data(_ name: String) throws -> Data { try Data(contentsOf: folder.appending(path: name)) }
        var evaluation = OfflineEvaluation()
        evaluation.model = .recommender(ItemKNN())
        func read(_ layout: String) throws -> OfflineResult {
            let streams = try ["train", "test"].map {
                try EvaluateCommand.readStream(folder.appending(path: "\($0).\(layout)").path)
            }
            return evaluation.run(.streams(train: streams[0], test: streams[1]))
        }
        let direct = evaluation.run(split)
        let again = try read("jsonl")
        #expect(again.metrics.count == direct.metrics.count && again.metrics.ndcg == direct.metrics.ndcg)
        #expect(try read("txt").metrics.count == direct.metrics.count)
        let negatives = try String(decoding: data("negatives.txt"), as: UTF8.self).split(separator: "\n")
        #expect(negatives.count == split.askedCount)
        #expect(negatives.allSatisfy { $0.split(separator: " ").count == 101 })
        let items = try String(decoding: data("items.txt"), as: UTF8.self).split(separator: "\n")
        #expect(Set(items).count == items.count)
    }
}
