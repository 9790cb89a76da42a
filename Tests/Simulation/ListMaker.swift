import Events
import Foundation
import Models
@testable import Pipeline

/// Makes lists again from their provenance: the item table moves forward along the item log as it is asked for.
final class ListMaker {
    private let world: World
    private let fold: ItemFold
    private let ranker: Ranker
    private let encoder: ListEncoder
    private let log: [StoredRecord]
    private let generations: [Int64: Generation]
    private var serving: [Int64: ServingGeneration] = [:]
    private let workspace = QueryWorkspace()
    private var read = 0

    init(_ world: World, itemLog: [StoredRecord], generations: [Generation]) {
        self.world = world
        fold = ItemFold(table: ItemTable(settings: world.settings.items))
        ranker = Ranker(table: fold.table, rules: world.settings.rules)
        encoder = ListEncoder(settings: world.settings)
        log = itemLog
        self.generations = Dictionary(uniqueKeysWithValues: generations.map { (Int64($0.number), $0) })
    }

    /// Moves the item table to an offset of the item log; never back.
    func advance(to offset: Int64) throws {
        while read < log.count, log[read].offset < offset {
            let record = log[read]
            try (record.value ?? []).withUnsafeBytes { try fold.apply($0, at: record.offset) }
            read += 1
        }
    }

    /// The list as it is published, and its items with reasons; nil when the generation is not there.
    func make(_ moment: Reference.Moment, _ list: PublishedList, generation: Int64) throws -> (
        bytes: [UInt8], items: [String]
    )? {
        let store = UserStore()
        let codec = UserStateCodec(items: fold.table.identifiers)
        let user = try moment.state.withUnsafeBytes { state in
            try moment.user.withUnsafeBytes { try codec.decode(state, user: $0, into: store) }
        }
        if generation >= 0, serving[generation] == nil {
            guard let known = generations[generation] else { return nil }
            serving[generation] = ServingGeneration(known, identifiers: fold.table.identifiers)
        }
        let settings = world.settings
        ranker.begin(generation: generation >= 0 ? serving[generation] : nil, blend: settings.blend)
        workspace.removeAll()
        let state = store[user]
        workspace.add(
            state,
            seed: Hash64.hash(store.identifiers.hash(user) ^ UInt64(bitPattern: state.offset), seed: settings.seed),
            scale: settings.scale, decay: settings.decay)
        let writer = ByteWriter()
        let provenance = ListProvenance(
            partition: list.partition, offset: list.offset, itemsOffset: list.itemsOffset,
            generation: generation >= 0 ? Int(generation) : nil)
        workspace.withQueries { queries in
            ranker.rank(queries) { _, items, own in
                moment.user.withUnsafeBytes { id in
                    encoder.encode(
                        user: id, time: state.latestTime, items: items, own: own, table: fold.table,
                        provenance: provenance, to: writer)
                }
            }
        }
        let bytes = Array(writer.bytes)
        return (bytes, Self.items(bytes))
    }

    /// The items of a list in order, each with its reason.
    static func items(_ bytes: [UInt8]) -> [String] {
        // A parser, since a damaged event may have put quotes and braces into an item's name.
        let list = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any]
        let items = list?["items"] as? [[String: Any]] ?? []
        return items.map { "\($0["product_id"] as? String ?? "") \($0["reason"] as? String ?? "")" }
    }
}
