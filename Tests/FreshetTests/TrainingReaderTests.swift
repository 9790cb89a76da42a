import Events
import Models
import Testing

@testable import Pipeline

/// What the service trains on: histories of the users topic, with what the item table says of the items.
@Suite struct TrainingReaderTests {
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
