import Evaluation
import Events
import Foundation
import Models
import ServiceKit
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

    /// Low ratings are interactions to the protocol of drawn candidates, and so they are to its split.
    @Test(arguments: [([], 2), (["--negatives"], 4), (["--negatives", "--ratings", "positive"], 2)])
    func negativesComeWithTheSplitOfTheirProtocol(options: [String], count: Int) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let rows = ["1\t10\t5\t1", "1\t11\t2\t2", "1\t12\t4\t3", "2\t10\t1\t4", "2\t11\t5\t5", "2\t12\t4\t6"]
        let file = folder.appending(path: "u.data")
        try Data((rows.joined(separator: "\n") + "\n").utf8).write(to: file)
        #expect(DataSplit.command.main(["split", file.path, "--to", folder.path] + options) == 0)
        let train = try String(decoding: Data(contentsOf: folder.appending(path: "train.jsonl")), as: UTF8.self)
        #expect(train.split(separator: "\n").count == count)
    }

    // MARK: - Files with flaws

    private static let event = #"{"user_id":"a","product_id":"1","event_type":"view","event_time":1569888262}"#

    /// Runs with a file of such a content, and gives what failed as text.
    private static func failure(_ content: String, _ body: (String) throws -> Void) throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(content.utf8).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: CommandFailure.self) { try body(path) }
        #expect(error?.exitCode == 65)
        return "\(error?.description ?? "none")".replacing(path, with: "FILE")
    }

    @Test func linesThatMakeNoEventAreCountedAndLeftOut() throws {
        let lines = [Self.event, #"{"user_id" "b"}"#, #"{"user_id":"b","event_type":"view","event_time":1}"#]
        var rejected = RejectedLines()
        let stream = try Array(lines.joined(separator: "\n").utf8).withUnsafeBytes {
            try EventStreamReader().read($0) { rejected.add($0, $1) }
        }
        #expect(stream.count == 1)
        #expect(rejected.counts == [.malformedJSON: 1, .missingItem: 1])
        #expect(
            rejected.examples.first == #"line 2: malformed-json: byte 11: a colon was expected  {"user_id" "b"}"#)
    }

    @Test(arguments: [
        ("", "FILE is empty"), ("event_time,event_type,product_id,user_id\n", "FILE holds no events"),
        (#"{"user_id":"#, "FILE holds no events"),
        ("hello\n", "FILE is no data set that can be read: line 1: neither JSON,"),
    ]) func saysWhyAFileIsNoDataSet(content: String, message: String) throws {
        let text = try Self.failure(content) { _ = try EvaluateCommand.readStream($0) }
        #expect(text.hasPrefix(message), "\(text)")
    }

    @Test func minimaThatLeaveNothingComeWithThoseThatLeaveSomething() throws {
        let pairs = [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2), ("c", 9)]
        let lines = pairs.map { Self.event.replacing("\"a\"", with: "\"\($0)\"").replacing("\"1\"", with: "\"\($1)\"") }
        let text = "\(SplitOptions.nothingLeft(of: try Self.stream(lines.map { Array($0.utf8) }), "FILE", 5, 4))"
        #expect(text.contains("5 items or more") && text.contains("--min-user 5 --min-item 4"), "\(text)")
        #expect(text.hasSuffix("--min-user 2 --min-item 2 leaves 4 events of 2 users"), "\(text)")
    }

    @Test func whatIsThereIsNotWrittenOver() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        try OutputFile.refusePresent(file.path)
        try OutputFile.refusePresent("-")
        try OutputFile.refusePresent("/dev/null")
        try Data().write(to: file)
        let error = #expect(throws: CommandFailure.self) { try OutputFile.refusePresent(file.path) }
        #expect(error?.remedy?.contains("--force") == true)
    }

    /// Nor is a link, and so a device such as /dev/null, taken away for a new file.
    @Test func whatALinkNamesIsWritten() throws {
        let names = (0..<2).map { _ in FileManager.default.temporaryDirectory.appending(path: UUID().uuidString) }
        defer { for name in names { try? FileManager.default.removeItem(at: name) } }
        try FileManager.default.createSymbolicLink(at: names[1], withDestinationURL: names[0])
        let file = try OutputFile(names[1].path)
        try file.write { $0 += [65] }
        try file.finish()
        #expect(try Data(contentsOf: names[0]) == Data([65]))
        #expect(throws: CommandFailure.self) { try OutputFile(names[0].path + "/none") }
    }
}
