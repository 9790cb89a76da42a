import Evaluation
import Events
import Foundation
import Models
import Pipeline
import ServiceKit
import Synchronization
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@testable import freshet

@Suite struct PaceTests {
    @Test func rateSpacesEventsEvenly() {
        var pace = Pace(.rate(50))
        #expect((0..<3).map { _ in pace.due(time: 0) } == [0, 0.02, 0.04])
    }

    @Test func speedFollowsEventTimeAndNeverGoesBack() {
        var pace = Pace(.speed(60))
        #expect([0, 60_000, 30_000, 120_000].map { pace.due(time: 1_000_000 + $0) } == [0, 1, 1, 2])
    }
}

@Suite struct PartitioningTests {
    private func sample(_ place: (UnsafeRawBufferPointer, Int) -> Int) -> Finding {
        var sample = PartitioningSample(partitions: 8)
        for index in 0..<500 {
            Array("user-\(index % 200)".utf8).withUnsafeBytes {
                sample.add(key: $0, partition: Int32(place($0, index)))
            }
        }
        return sample.finding(topic: "events")
    }

    @Test func tellsPartitionersApart() {
        #expect(sample { key, _ in Partitioning.murmur2(key, partitions: 8) }.verdict == .fine)
        #expect(sample { key, _ in Partitioning.crc32(key, partitions: 8) }.verdict == .note)
        let mixed = sample { key, index in
            index % 200 < 100 ? Partitioning.murmur2(key, partitions: 8) : Partitioning.crc32(key, partitions: 8)
        }
        #expect(mixed.verdict == .wrong)
        let split = sample { _, index in index / 200 }
        #expect(split.verdict == .wrong && split.text.contains("several partitions"))
    }

    /// Keys may come from anybody; none of them may move the cursor.
    @Test func keysDoNotReachTheTerminalAsTheyAre() {
        var sample = PartitioningSample(partitions: 8)
        for partition in [0, 1] as [Int32] {
            Array("u\u{1B}[2J".utf8).withUnsafeBytes { sample.add(key: $0, partition: partition) }
        }
        let lines = sample.finding(topic: "events").lines(style: Style(isEnabled: false))
        #expect(lines.count == 3 && lines[0].contains("such as u"), "\(lines)")
        #expect(lines.allSatisfy { !$0.contains("\u{1B}") })
    }
}

@Suite struct EvaluationSettingTests {
    private func apply(_ name: String, _ value: String) throws {
        var evaluation = PrequentialEvaluation()
        try ShopSetting.apply([(name, value)], to: &evaluation)
    }

    @Test(arguments: [
        ("histroy", "5", "did you mean 'history'?"), ("zzz", "5", "there are train, growth,"),
        ("history", "1e300", "a whole number from 1 to 2000"), ("history", "2.5", "a whole number"),
        ("factors.weight", "nan", "a number from -100 to 100"), ("sequential.window", "0", "from 1 to 100"),
    ]) func saysWhatASettingTakes(name: String, value: String, words: String) {
        let error = #expect(throws: UsageError.self) { try apply(name, value) }
        #expect(error.map { "\($0)" }?.contains(words) == true, "\(String(describing: error))")
    }

    @Test func settingsArriveWhereTheyBelong() throws {
        var evaluation = PrequentialEvaluation()
        try ShopSetting.apply(
            [("history", "7"), ("popularity-hours", "2"), ("factors", "8"), ("train", "0"), ("alpha", "2.5")],
            to: &evaluation)
        #expect(evaluation.shop.users.historyItemsMax == 7 && evaluation.shop.items.popularityHalfLives == [7_200_000])
        #expect(evaluation.shop.training.factors == 8 && evaluation.shop.training.alpha == 2.5 && !evaluation.trains)
    }

    @Test func namesAModelWithItsSettings() throws {
        let model = try ModelChoice.prequential("ease:regularization=50").model as? EASE
        #expect(model?.regularization == 50)
        #expect(try ModelChoice.prequential("popularity").trains == false)
        #expect(throws: UsageError.self) { try ModelChoice.prequential("alz") }
        #expect(throws: UsageError.self) { try ModelChoice.prequential("ease:regularization=x") }
    }

    /// One model has its figures on the top level, and stands in the list as any number of them does.
    @Test func modelsAreListedHoweverManyThereAre() throws {
        let lines = DataSimulation.lines(users: 40, items: 40, events: 600, seed: 3)
        let stream = try Array(lines.joined(separator: [10])).withUnsafeBytes { try EventStreamReader().read($0) }
        let result = try ModelChoice("popularity-count", settings: []).evaluation.run(.lastOut(stream))
        for count in 1...2 {
            let row = OfflineReport.Row(title: "m", result: result, seconds: 1)
            let json = OfflineReport(rows: [OfflineReport.Row](repeating: row, count: count)).json
            let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any] ?? [:]
            let models = object["models"] as? [[String: Any]] ?? []
            #expect(models.count == count && models.allSatisfy { $0["ndcg@20"] is Double }, "\(json)")
            #expect((object["ndcg@20"] is Double) == (count == 1))
        }
    }

    @Test(arguments: [
        ("alss", "no model 'alss'; did you mean 'als'?"), ("zzzzzz", "there are blend, "),
        ("als:factor=64", "did you mean 'factors'? `freshet models algorithms als` shows them"),
        ("als:factors=64.5", "takes a whole number from 1 to 1024"),
        ("zzzzzz", "`freshet models algorithms` shows the algorithms among them"),
        ("als:seed=-1", "a whole number from 0 to 18446744073709551615"),
        ("als:threads=0", "a whole number from 1 to 256"),
    ]) func saysWhatAModelIsCalled(text: String, words: String) {
        let error = #expect(throws: UsageError.self) { try ModelChoice(text, settings: []) }
        #expect(error.map { "\($0)" }?.contains(words) == true, "\(String(describing: error))")
    }

    /// What the list of algorithms does not show is not said to be shown there, and leads to what does.
    @Test func theBlendIsNoAlgorithm() throws {
        let near = #expect(throws: UsageError.self) { try ModelChoice("blendd", settings: []) }
        #expect(near.map { "\($0)" }?.hasSuffix("did you mean 'blend'?") == true, "\(String(describing: near))")
        let blend = try #require(ModelsCommand.noAlgorithm("blend"))
        #expect(blend.contains("training.*") && blend.contains("sequential, neighbours, factors, popularity"))
        #expect(ModelsCommand.noAlgorithm("factors")?.contains("learner of the blend") == true)
        #expect(ModelsCommand.noAlgorithm("als") == nil)
        #expect(ModelsCommand.algorithms.main(["algorithms", "blend"]) == 64)
    }

    /// Each algorithm is there with every setting that it takes, and with defaults that it takes.
    @Test func algorithmsAreShownWithTheirSettings() throws {
        let table = ModelsCommand.table(RecommenderCatalogue.all)
        for type in RecommenderCatalogue.all {
            #expect(table.contains(type.name) && table.contains(type.summary))
            let members = ModelsCommand.members(type)
            let settings = try #require(members["settings"] as? [[String: String]])
            #expect(settings.compactMap { $0["name"] } == type.settingNames)
            var recommender: any Recommender = type.init()
            for setting in settings {
                try recommender.set(#require(setting["name"]), to: #require(setting["default"]))
                let line = try ModelsCommand.text(type).split(separator: "\n").first {
                    try $0.hasPrefix(#require(setting["name"]) + " ")
                }
                #expect(try line?.contains(#require(setting["default"])) == true, "\(type.name) \(setting)")
            }
        }
        #expect(ModelsCommand.members(ImplicitALS.self)["served_by"] as? String == "item factors")
        #expect(ModelsCommand.members(EASE.self)["served_by"] as? String == "similar items")
    }

    /// A learner alone has its own figures: no fit gives the others weight.
    @Test func oneLearnerIsAlone() throws {
        let lines = DataSimulation.lines(users: 120, items: 120, events: 3_000, seed: 3)
        let stream = try Array(lines.joined(separator: [10])).withUnsafeBytes { try EventStreamReader().read($0) }
        let names = ["popularity-count", "popularity", "sequential", "neighbours", "factors", "blend"]
        let rates = try names.map { name in
            try ModelChoice(name, settings: []).evaluation.run(.lastOut(stream)).metrics.ndcg
        }
        #expect(Set(rates).count == names.count, "\(rates)")
        #expect(abs(rates[0] - rates[1]) < 0.03, "\(rates)")
        let shop = try ModelChoice("blend", settings: [("fit", "0"), ("train", "0")]).evaluation
        #expect(!shop.trains && !shop.shop.training.isFitted)
        for generation in try ModelChoice.prequential("factors").run(stream).generations {
            let blend = generation.blend
            #expect(blend.factors.weight == 1)
            #expect(
                [blend.sequential.weight, blend.neighbours.weight, blend.category.weight, blend.popularity.weight]
                    .allSatisfy { $0 == 0 })
        }
    }

    /// One training on everything has none after it.
    @Test(arguments: ["popularity:growth=1", "blend:retrain-every=0.1", "blend:warm-sweeps=2"])
    func settingsWithoutEffectAreRefused(model: String) throws {
        #expect(throws: UsageError.self) { try ModelChoice(model, settings: []) }
        _ = try ModelChoice.prequential(model)
    }

    /// `--set` reaches the model whose setting it is, and what stands behind the model's colon comes after it.
    @Test func setsWhatTheModelTakes() throws {
        let settings = [("factors", "8"), ("seed", "5"), ("history", "7"), ("sweeps", "2")]
        let evaluation = try ModelChoice.prequential("als:sweeps=3", settings: settings)
        let model = try #require(evaluation.model as? ImplicitALS)
        #expect(model.factors == 8 && model.seed == 5 && model.sweeps == 3)
        #expect(evaluation.shop.users.historyItemsMax == 7 && evaluation.shop.training.factors == 64)
        let blend = try ModelChoice.prequential("blend:growth=0.2", settings: [("factors", "8")])
        #expect(blend.growth == 0.2 && blend.shop.training.factors == 8)
    }
}

@Suite struct DecisionTextTests {
    @Test func aComparisonWithoutCasesHasNoFigures() {
        var comparison = GenerationComparison()
        #expect(DecisionText.table(comparison, "a", "b").hasPrefix("there was nothing to compare on"))
        #expect(DecisionText.members(comparison)["ndcg@20"] == nil)
        (comparison.cases, comparison.users) = (1, 1)
        let text = DecisionText.table(comparison, "a", "b")
        #expect(text.contains("over 1 user\n1 held-out interaction after"), "\(text)")
        #expect(DecisionText.members(comparison)["ndcg@20"] != nil)
    }
}

@Suite struct DemoPartTests {
    @Test func latencyCountsEachEventOnceWhicheverComesFirst() {
        var book = LatencyBook()
        book.delivered(0, 5, sent: .init(at: 1_000_000, generation: 1))
        book.listed(0, 5, .init(at: 3_000_000, generation: 1))
        book.listed(0, 5, .init(at: 900_000_000, generation: 1))
        book.listed(0, 6, .init(at: 12_000_000, generation: nil))
        book.delivered(0, 6, sent: .init(at: 2_000_000, generation: nil))
        book.delivered(0, 7, sent: nil)
        book.listed(0, 7, .init(at: 5_000_000, generation: 1))
        // The event left the list as it was; a new generation changed it later.
        book.delivered(0, 8, sent: .init(at: 1_000_000, generation: 1))
        book.listed(0, 8, .init(at: 800_000_000, generation: 2))
        #expect(book.count == 2)
        #expect(abs((book.quantile(0.5) ?? 0) - 2) < 0.1)
        #expect(abs((book.quantile(1) ?? 0) - 10) < 0.1)
    }

    @Test func judgeCountsOnlyWhatIsNewToAKnownShopper() {
        var judge = DemoJudge(users: 2, items: 5)
        judge.take(user: 0, item: 0, list: nil, counts: true)
        #expect(judge.tries == 0)
        judge.take(user: 0, item: 0, list: [0], counts: true)
        #expect(judge.tries == 0)
        judge.take(user: 1, item: 1, list: nil, counts: false)
        judge.take(user: 0, item: 1, list: [3, 1], counts: true)
        judge.take(user: 0, item: 2, list: [3], counts: true)
        #expect(judge.tries == 2 && judge.hits == 1)
    }

    @Test func scannerReadsWhatTheDecoderReads() throws {
        let text =
            #"{"schema_version":1,"user_id":"ida","event_time":"2026-01-01T00:00:00.000Z","items":["#
            + #"{"product_id":"P1","score":1.5,"reason":"popular","category_id":"a","price":3},"#
            + #"{"product_id":"P2","score":1,"reason":"viewed-next"}],"continue_shopping":["#
            + #"{"product_id":"P9","score":1,"reason":"viewed"}],"provenance":{"partition":3,"offset":41,"#
            + #""items_offset":17,"generation":null,"configuration":"x","variant":"default","seed":0}}"#
        let scanned = try #require(Array(text.utf8).withUnsafeBytes { ListScanner.scan($0) })
        let decoded = try JSONDecoder().decode(PublishedList.self, from: Data(text.utf8))
        #expect(
            scanned.user == decoded.user && scanned.time == decoded.time && scanned.provenance == decoded.provenance)
        #expect(scanned.items.map(\.product) == ["P1", "P2"])
        #expect(scanned.items.map(\.reason) == decoded.items.map(\.reason))
        let escaped = text.replacing("ida", with: #"i\"da"#)
        #expect(Array(escaped.utf8).withUnsafeBytes { ListScanner.scan($0) } == nil)
    }

    @Test func movesSayWhereAnItemStood() {
        #expect(Move.moves(from: ["a", "b", "c"], to: ["c", "b", "d", "a"]) == [.up(2), .same, .new, .down(3)])
        #expect(Move.moves(from: nil, to: ["a"]) == [nil])
    }

    @Test func recordingKeepsStylesAndEscapesMarkup() {
        #expect(
            TerminalRecording.spans("a<b \u{1B}[1m\u{1B}[32mx&y\u{1B}[0m\u{1B}[0m z")
                == #"a&lt;b <tspan class="b c32">x&amp;y</tspan> z"#)
        let recording = TerminalRecording()
        recording.add(["one"])
        recording.add(["two"])
        let svg = recording.svg()
        #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
        #expect(svg.contains("<g class=\"f\" id=\"f1\">") && svg.contains("@keyframes k1"))
        #expect(svg.count(of: "<text") == 2 && svg.count(of: "</g>") == 2)
    }
}

extension String {
    fileprivate func count(of part: String) -> Int { components(separatedBy: part).count - 1 }
}
