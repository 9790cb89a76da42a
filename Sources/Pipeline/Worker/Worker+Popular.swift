internal import Events
internal import Models

extension Worker {
    /// The list that a user without any event would get now; nil while nothing can be ranked yet.
    public func popularList() -> [UInt8]? {
        guard itemPhase.isFollowing, models.hasCaughtUp else { return nil }
        let workspace = QueryWorkspace()
        workspace.add(UserState(), seed: settings.seed, scale: settings.scale, decay: settings.decay)
        ranker.begin(generation: serving, blend: settings.blend)
        let writer = ByteWriter()
        workspace.withQueries { queries in
            ranker.rank(queries) { _, list, _ in
                encoder.encode(
                    popular: list, table: items.table, itemsOffset: items.offset,
                    generation: serving?.generation.number, to: writer)
            }
        }
        return Array(writer.bytes)
    }
}

extension ListEncoder {
    /// The same items as in a user's list, with what they were ranked from.
    fileprivate func encode(
        popular items: borrowing [RankedItem], table: ItemTable, itemsOffset: Int64, generation: Int?,
        to writer: ByteWriter
    ) {
        writer.text("{\"schema_version\":1,\"items\":[")
        list(items, table, to: writer)
        writer.text("],\"items_offset\":")
        JSONText.integer(itemsOffset, to: writer)
        writer.text(",\"generation\":")
        if let generation { JSONText.integer(Int64(generation), to: writer) } else { writer.text("null") }
        writer.text("}")
    }
}
