import Evaluation
import Events
import Models
import ServiceKit
import Testing

@testable import Pipeline
@testable import freshet

/// What the service trains on: histories of the users topic, with what the item table says of the items.
@Suite struct TrainingReaderTests {
    /// `train FILE` learns from what the deployment would have kept of these events.
    @Test func aFilesHistoriesAreThoseOfTheDeployment() throws {
        let given = ["learning.history": "20", "ratings.half-life": "6h", "ratings.view": "0.5"]
        let deployment = Deployment(
            configuration: try Settings.table.load(overrides: given.map { Override(key: $0.key, text: $0.value) }),
            bootstrap: "localhost:1")
        let settings = try deployment.workerSettings()
        let log = MemoryEventLog()
        let worker = try Worker(settings: settings, log: log, clock: { 0 })
        log.produceShop(900, users: 17)
        for _ in 0..<20 { try worker.step(timeoutMilliseconds: 0) }
        try worker.finish(flushesAll: true)
        for _ in 0..<3 { try worker.step(timeoutMilliseconds: 0) }
        let read = try TrainingReader.histories(
            log, scale: settings.scale, decay: settings.decay, isCancelled: { false })
        let lines = log.inputText.joined(separator: "\n")
        let stream = try Array(lines.utf8).withUnsafeBytes { try EventStreamReader().read($0) }
        func content(_ histories: TrainingHistories) -> Set<[String]> {
            Set(
                (0..<histories.userCount).map { user in
                    (histories.starts[user]..<histories.starts[user + 1]).map {
                        "\(histories.items[Int(histories.rows[$0])]) \(histories.ratings[$0]) \(histories.times[$0])"
                    }
                })
        }
        let file = TrainCommand.histories(stream, settings)
        #expect(file.userCount == 17 && file.count == 17 * 20)
        #expect(content(file) == content(try #require(read)))
    }

    /// Users are left out by their ids alone, until what is left is within the bound; and the reading is told.
    @Test func aBoundLeavesUsersOut() throws {
        let log = MemoryEventLog()
        let worker = try Worker(settings: WorkerSettings(), log: log, clock: { 0 })
        log.produceShop(1200, users: 97)
        for _ in 0..<20 { try worker.step(timeoutMilliseconds: 0) }
        try worker.finish(flushesAll: true)
        for _ in 0..<3 { try worker.step(timeoutMilliseconds: 0) }
        func histories(_ most: Int) throws -> (TrainingHistories, [Double]) {
            var shares: [Double] = []
            let found = try TrainingReader.histories(
                log, scale: .standard, decay: Decay(halfLifeMilliseconds: 0), interactionsMax: most,
                progress: { shares.append($0) }, isCancelled: { false })
            return (try #require(found), shares)
        }
        let (all, shares) = try histories(0)
        #expect(shares == shares.sorted() && shares.last == 1)
        #expect(try histories(all.count).0.count == all.count)
        let part = try histories(all.count / 2).0
        #expect(part.count <= all.count / 2 && part.count > all.count / 3, "\(part.count) of \(all.count)")
        #expect(part.userCount < all.userCount)
        // Those who are left have all that they had, and a smaller bound takes of them only.
        func texts(_ histories: TrainingHistories) -> Set<[String]> {
            Set(
                (0..<histories.userCount).map { user in
                    histories.history(of: user).items.map { histories.items[Int($0)] }
                })
        }
        #expect(texts(part).isSubset(of: texts(all)))
        #expect(texts(try histories(all.count / 5).0).isSubset(of: texts(part)))
    }

    @Test func historiesCarryCategoriesBrandsAndPrices() throws {
        let log = MemoryEventLog()
        let worker = try Worker(settings: WorkerSettings(), log: log, clock: { 0 })
        for index in 0..<200 {
            let brand = index % 4 == 0 ? "" : #","brand":"b\#(index % 4)""#
            log.produce(
                key: "u\(index % 9)",
                #"{"event_time":\#(1_700_000_000 + index * 60),"event_type":"view","product_id":"p\#(index % 40)","#
                    + #""category_id":"c\#(index % 2)","price":\#(index % 40),"user_id":"u\#(index % 9)"\#(brand)}"#)
        }
        for _ in 0..<20 { try worker.step(timeoutMilliseconds: 0) }
        try worker.finish(flushesAll: true)
        for _ in 0..<3 { try worker.step(timeoutMilliseconds: 0) }
        let found = try TrainingReader.histories(
            log, scale: .standard, decay: Decay(halfLifeMilliseconds: 0),
            descriptions: ItemDescriptions.read(
                log, items: worker.settings.items, fingerprint: worker.settings.fingerprint),
            isCancelled: { false })
        let histories = try #require(found)
        #expect(histories.items.count == 40 && histories.userCount == 9)
        #expect(Set(histories.categories) == [0, 1])
        #expect(Set(histories.brands) == [-1, 0, 1, 2])
        #expect(Set(histories.priceBands) == Set(0..<10))
        for (row, item) in histories.items.enumerated() {
            let number = Int32(item.dropFirst()) ?? -1
            #expect((histories.brands[row] < 0) == (number % 4 == 0) && histories.priceBands[row] == number / 4)
        }
    }
}
