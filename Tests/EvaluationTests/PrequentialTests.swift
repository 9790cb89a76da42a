import Events
import Models
import Pipeline
import Testing

@testable import Evaluation

@Suite struct PrequentialTests {
    /// Shoppers who stay among the twenty items of one of five shelves, and walk along it.
    static func shelves(users: Int, steps: Int) throws -> EventStream {
        var lines = ""
        var state: UInt64 = 1
        func draw(_ below: Int) -> Int {
            state = Hash64.hash(state, seed: 7)
            return Int(state % UInt64(below))
        }
        var time = 1_700_000_000_000
        let starts = (0..<users).map { _ in (shelf: draw(5), place: draw(20)) }
        for step in 0..<steps {
            for user in 0..<users {
                time += 1000
                let place = (starts[user].place + step * 3 + draw(2)) % 20
                lines += "{\"user_id\":\"u\(user)\",\"product_id\":\"\(starts[user].shelf)-\(place)\","
                lines += "\"event_type\":\"view\",\"event_time\":\(time)}\n"
            }
        }
        return try read(lines)
    }

    static func read(_ text: String) throws -> EventStream {
        var text = text
        return try text.withUTF8 { try EventStreamReader().read(UnsafeRawBufferPointer($0)) }
    }

    static func evaluation() -> PrequentialEvaluation {
        var evaluation = PrequentialEvaluation()
        evaluation.shop.training.factors = 16
        evaluation.shop.rules.listItems = 5
        evaluation.growth = 0.5
        return evaluation
    }

    @Test func blendBeatsPopularity() throws {
        let stream = try Self.shelves(users: 40, steps: 8)
        let blend = Self.evaluation().run(stream)
        var popularity = Self.evaluation()
        popularity.trains = false
        popularity.shop.blend.sequential.weight = 0
        popularity.shop.blend.category.weight = 0
        popularity.shop.blend.popularity.weight = 1
        let plain = popularity.run(stream)
        #expect(plain.count == blend.count)
        #expect(blend.hitRate > 2 * plain.hitRate)
        #expect(blend.generations.count >= 3)
        #expect(blend.series.reduce(0) { $0 + $1.count } == blend.count)
    }

    @Test func generationsCanBeMadeOfAnyModel() throws {
        let stream = try Self.shelves(users: 40, steps: 8)
        var evaluation = Self.evaluation()
        evaluation.model = EASE()
        let result = evaluation.run(stream)
        #expect(result.refusal == nil && result.generations.count >= 3)
        #expect(result.generations.allSatisfy { $0.model == "ease" })
        let blend = Self.evaluation().run(stream)
        #expect(result.count == blend.count && result.outcomes != blend.outcomes)
        // Refused from the start, it leaves the lists as they are without generations.
        var small = EASE()
        small.itemsMax = 3
        evaluation.model = small
        let refused = evaluation.run(stream)
        #expect(refused.refusal?.contains("raise items-max") == true && refused.generations.isEmpty)
        evaluation.trains = false
        #expect(refused.outcomes == evaluation.run(stream).outcomes)
    }

    @Test func retrainingStartsFromNothingAtEachShare() throws {
        let stream = try Self.shelves(users: 40, steps: 5)
        var evaluation = Self.evaluation()
        evaluation.retrainShare = 0.2
        let result = evaluation.run(stream)
        // The warm-up's end is one of the shares.
        #expect(result.generations.map(\.events) == [40, 80, 120, 160])
        evaluation.retrainShare = 0
        let online = evaluation.run(stream)
        #expect(online.generations.map(\.events) == [40, 60, 90, 135])
        #expect(online.difference(to: result) != nil)
    }

    @Test func differencesArePairedAndRanksAreReadAgain() throws {
        let stream = try Self.shelves(users: 40, steps: 6)
        let blend = Self.evaluation().run(stream)
        var untrained = Self.evaluation()
        untrained.trains = false
        untrained.shop.blend.sequential.weight = 0
        let other = untrained.run(stream)
        let difference = try #require(blend.difference(to: other))
        #expect(abs(difference.hitRate.mean - (blend.hitRate - other.hitRate)) < 1e-12)
        #expect(difference.hitRate.isSignificant && difference.ndcg.low > 0)
        #expect(try blend.difference(to: blend.outcomes(reading: other.outcomesText)) == difference)
        #expect(blend.difference(to: [:]) == nil)
        #expect(blend.generations.map(\.events) == blend.generations.map(\.events).sorted())
        #expect(throws: EventStreamReader.Failure.self) { try blend.outcomes(reading: "event,rank\nx,1\n") }
        #expect(try blend.outcomes(reading: "event,rank\r\n7,1\r\n8,\r\n") == [7: 1, 8: nil])
    }

    @Test func countsNewPairsOfKnownUsersOnly() throws {
        let text = [("a", "1"), ("a", "2"), ("a", "1"), ("b", "1"), ("b", "2"), ("a", "9")].enumerated()
            .map {
                "{\"user_id\":\"\($1.0)\",\"product_id\":\"\($1.1)\",\"event_type\":\"view\",\"event_time\":\($0 + 1)}"
            }
            .joined(separator: "\n")
        var evaluation = PrequentialEvaluation()
        evaluation.warmUpShare = 0
        evaluation.trains = false
        let result = evaluation.run(try Self.read(text))
        // a's repeated item and both users' first events do not count; a never-seen item is a miss.
        #expect(result.outcomes.map(\.event) == [1, 4, 5])
        #expect(result.outcomes.map(\.rank) == [nil, 0, nil])
        // How many items the users had before.
        #expect(result.outcomes.map(\.activity) == [1, 1, 2])
        let groups = result.groups()
        #expect(groups.map(\.range) == [1...1, 2...2] && groups.map(\.metrics.count) == [2, 1])
        #expect(groups.map(\.metrics.hitRate) == [0.5, 0] && result.metrics.mrr == 1.0 / 3)
    }

    /// Of the two events that are scored, the first's list is item 1 after one event, and the second's items 1 and 2 after
    /// three.
    @Test func listsAreDescribedAsTheyWere() throws {
        let text = [("b", "1", "x"), ("a", "2", "y"), ("a", "1", "x"), ("b", "3", "x"), ("c", "4", "z")].enumerated()
            .map {
                #"{"user_id":"\#($1.0)","product_id":"\#($1.1)","category_id":"\#($1.2)","event_type":"view","#
                    + #""event_time":\#($0 + 1)}"#
            }.joined(separator: "\n")
        var evaluation = PrequentialEvaluation()
        evaluation.warmUpShare = 0
        evaluation.trains = false
        let statistics = evaluation.run(try Self.read(text)).statistics
        // a gets 1, of one of two events; b gets 2, of one of three. Items 1 and 2 of four stand in a list, once each.
        #expect(abs(statistics.novelty - (1 + 1.584962500721156) / 2) < 1e-9)
        #expect(statistics.coverage == 0.5 && statistics.gini == 0.5 && statistics.diversity == nil)
    }

    @Test func lastOutLeavesOneNewItemOfEachUser() throws {
        let stream = try Self.shelves(users: 90, steps: 6)
        var evaluation = OfflineEvaluation()
        evaluation.shop.training.factors = 16
        let result = evaluation.run(.lastOut(stream))
        evaluation.shop.training.isFitted = false
        let plain = evaluation.run(.lastOut(stream))
        #expect(result.metrics.count > 60 && result.metrics.count <= 90)
        #expect(result.metrics.recall == result.metrics.hitRate)
        // A list of 20 among 100 items hits by chance one time in five.
        #expect(result.metrics.hitRate > 0.5)
        #expect(result.metrics.hitRate > plain.metrics.hitRate - 0.05)
    }

    @Test func readsTheKnownLayouts() throws {
        let rees =
            "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\r\n"
            + "2019-10-01 00:00:01 UTC,view,2,77,,x,1.5,u,s\r\n2019-10-01 00:00:00 UTC,cart,1,77,,,,u,s\r\n"
        let stream = try Self.read(rees)
        #expect(stream.count == 2)
        let first = stream.event(0)
        #expect(first.type == .cart && first.price.isNaN && first.time == 1_569_888_000_000)
        #expect(String(decoding: stream.event(1).categoryID, as: UTF8.self) == "77")
        let movies = try Self.read("1\t10\t5\t881250949\n1\t11\t3\t881250950\n")
        #expect(movies.count == 1 && movies.event(0).type == .purchase)
        #expect(throws: EventStreamReader.Failure.self) { try Self.read("nonsense\n") }
    }
}
