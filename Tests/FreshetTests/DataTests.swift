import Evaluation
import Events
import Foundation
import Models
import ServiceKit
import Testing

@testable import freshet

extension DataSimulation {
    static func lines(users: Int, items: Int, events: Int, seed: UInt64) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        forEachEvent(users: users, items: items, events: events, seed: seed) { lines.append($0) }
        return lines
    }
}

@Suite struct DataTests {
    private static func stream(_ lines: [[UInt8]]) throws -> EventStream {
        try Array(lines.joined(separator: [10])).withUnsafeBytes { try EventStreamReader().read($0) }
    }

    @Test func simulationIsItsSeedAndStaysWithinItsSizes() throws {
        let events = DataSimulation.lines(users: 200, items: 400, events: 5_000, seed: 3)
        #expect(events == DataSimulation.lines(users: 200, items: 400, events: 5_000, seed: 3))
        #expect(events != DataSimulation.lines(users: 200, items: 400, events: 5_000, seed: 4))
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
        var bytes = Array(EventLayout.rees46.header.utf8)
        let texts = ["u,1", "p\"2\"", "cat", "a.b", "Brand"].map { Array($0.utf8) }
        texts[0].withUnsafeBytes { user in
            texts[1].withUnsafeBytes { item in
                texts[4].withUnsafeBytes { brand in
                    event.user = user
                    event.item = item
                    event.brand = brand
                    EventLayout.rees46.append(event, to: &bytes)
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
        let stream = try Self.stream(DataSimulation.lines(users: 120, items: 200, events: 3_000, seed: 5))
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

    /// Runs commands with a file of such a content, and gives what they end with.
    private static func codes(_ content: String, _ runs: [(Command, [String])]) throws -> [Int32] {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(content.utf8).write(to: URL(fileURLWithPath: path))
        return runs.map { command, words in command.main([command.name] + words.map { $0 == "FILE" ? path : $0 }) }
    }

    /// Without times nothing came first; the file's order stands for them where it may.
    @Test func linesWithoutTimesAreNotPartedByThem() throws {
        let lines = (1...8).map { "\($0) 1 2 3 4 \(5 + $0)" }.joined(separator: "\n") + "\n"
        let words = ["--data", "FILE", "--model", "popularity-count", "--min-item", "1", "--split"]
        let codes = try Self.codes(
            lines, ["time=0.8", "last-out", "k-fold=2"].map { (OfflineCommand.command, words + [$0]) })
        #expect(codes == [65, 0, 0])
    }

    @Test func theFileOfAnEvaluationIsNamedOnce() throws {
        let lines = (1...8).map { "\($0) 1 2 3 4 \(5 + $0)" }.joined(separator: "\n") + "\n"
        let words = ["FILE", "--model", "popularity-count"]
        let more = [[], ["--data", "FILE"], ["--train", "FILE", "--test", "FILE"]]
        let codes = try Self.codes(lines, more.map { (OfflineCommand.command, words + $0) })
        #expect(codes == [0, 64, 64])
        let same = ["--train", "FILE", "--test", "FILE", "--model", "popularity-count"]
        #expect(try Self.codes(lines, [(OfflineCommand.command, same)]) == [65])
        let tune = ["FILE", "--model", "knn", "--objective", "ndcg,ndcg"]
        #expect(try Self.codes(lines, [(TuneCommand.command, tune)]) == [64])
    }

    @Test func lowRatingsAreLeftOutUnlessAllAreAskedFor() throws {
        let low = (1...6).map { "\($0)\t\(10 + $0 % 2)\t3\t\($0)\n\($0)\t12\t2\t\(9 + $0)\n" }.joined()
        let message = try Self.failure(low) { _ = try EvaluateCommand.readStream($0, rule: .positives) }
        #expect(
            message == "FILE holds no events: 12 ratings below 4 left out (--ratings all takes them as views)")
        let offline = ["--data", "FILE", "--model", "popularity-count"]
        let codes = try Self.codes(
            low,
            [
                (OfflineCommand.command, offline), (OfflineCommand.command, offline + ["--ratings", "all"]),
                (PrequentialCommand.command, ["FILE"]), (PrequentialCommand.command, ["FILE", "--ratings", "all"]),
            ])
        #expect(codes == [65, 0, 65, 0])
        let some = try Array((low + "1\t13\t5\t99\n").utf8).withUnsafeBytes { try EventStreamReader().read($0) }
        #expect(some.count == 1 && some.ratingsLeftOut == 12)
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

    private static func convert(_ lines: [String], _ options: [String]) throws -> (code: Int32, text: String) {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
        let code = DataCommand.command.main(
            ["data", "convert", file.path, "--output", file.path, "--force"] + options)
        return (code, String(decoding: try Data(contentsOf: file), as: UTF8.self))
    }

    /// The file that is read may be the one that is written, and who asked to be erased stays so.
    @Test func convertingAFileInPlaceKeepsItsEvents() throws {
        let lines = [Self.event, #"{"user_id":"a","event_type":"user_deleted","event_time":1569888263}"#]
        let written = try Self.convert(lines, [])
        #expect(written.code == 0 && written.text.split(separator: "\n").count == 2)
        #expect(written.text.contains("user_deleted"))
        let table = try Self.convert(lines, ["--to", "rees46"]).text
        #expect(table.split(separator: "\n").count == 2 && !table.contains("deleted"))
    }

    /// What a layout has no place for is told.
    @Test func eventIDsThatALayoutLeavesOutAreCounted() throws {
        guard Program.isBuilt else { return print("left out: the program is not built") }
        let named = Self.event.replacing("{", with: #"{"event_id":"e1","#)
        func said(_ layout: String) throws -> String {
            try Program(environment: [:])
                .run(["data", "convert", "-", "--to", layout], input: "\(Self.event)\n\(named)\n").log
        }
        #expect(try said("rees46").contains("1 event id left out"))
        #expect(try !said("jsonl").contains("left out"))
    }

    /// A row is a line: an event with a break in a text has no place in it.
    @Test func lineBreaksDoNotBreakALayout() throws {
        let broken = Self.event.replacing("\"1\"", with: #""1\n2""#)
        #expect(try Self.convert([Self.event, broken], ["--to", "rees46"]).text.split(separator: "\n").count == 2)
        #expect(try Self.convert([Self.event, broken], []).text.split(separator: "\n").count == 2)
        let split = OfflineSplit.lastOut(try Self.stream([Self.event, broken].map { Array($0.utf8) }))
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        #expect(throws: CommandFailure.self) { try DataSplit.write(split, to: folder, hasNegatives: false) }
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }

    @Test func aSplitDoesNotWriteOverItsInput() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: "train.jsonl")
        let content = Data((0..<3).map { Self.event.replacing("\"1\"", with: "\"\($0)\"") + "\n" }.joined().utf8)
        try content.write(to: file)
        let words = ["split", file.path, "--to", folder.path]
        #expect(DataSplit.command.main(words) == 73)
        #expect(try Data(contentsOf: file) == content)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["train.jsonl"])
        #expect(DataSplit.command.main(words + ["--force"]) == 0)
    }

    /// Two spellings of one letter are two users.
    @Test func numbersGoByBytes() {
        var writer = UserLinesWriter()
        func number(_ text: String) -> Int { Array(text.utf8).withUnsafeBytes { writer.user($0) } }
        let numbers: [Int] = ["\u{E9}", "e\u{301}", "\u{E9}"].map(number)
        #expect(numbers == [0, 1, 0])
    }
}
