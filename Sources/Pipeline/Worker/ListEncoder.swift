public import Events
public import Models

/// Writes lists as JSON, the value of a record of `recommendations` (`Config/schemas/list.schema.json`).
public struct ListEncoder {
    private let configuration: String
    private let variant: String
    private let seed: UInt64

    public init(settings: WorkerSettings) {
        configuration = String(settings.configurationHash, radix: 16)
        variant = settings.variant
        seed = settings.seed
    }

    /// Appends a list.
    /// - Parameters:
    ///   - user: the user's id, valid UTF-8.
    ///   - time: what the list is ranked at, in ms since 1970.
    ///   - own: the user's own items to go on with.
    ///   - table: has the identifiers, categories and prices of the items.
    public func encode(
        user: UnsafeRawBufferPointer, time: Int64, items: borrowing [RankedItem], own: borrowing [RankedItem],
        table: ItemTable, provenance: ListProvenance, to writer: ByteWriter
    ) {
        writer.text("{\"schema_version\":1,\"user_id\":")
        JSONText.string(user, to: writer)
        writer.text(",\"event_time\":\"")
        JSONText.time(time, to: writer)
        writer.text("\",\"items\":[")
        list(items, table, to: writer)
        writer.text("],\"continue_shopping\":[")
        list(own, table, to: writer)
        writer.text("],\"provenance\":{\"partition\":")
        JSONText.integer(Int64(provenance.partition), to: writer)
        writer.text(",\"offset\":")
        JSONText.integer(provenance.offset, to: writer)
        writer.text(",\"items_offset\":")
        JSONText.integer(provenance.itemsOffset, to: writer)
        writer.text(",\"generation\":")
        if let generation = provenance.generation {
            JSONText.integer(Int64(generation), to: writer)
        } else {
            writer.text("null")
        }
        writer.text(",\"configuration\":\"")
        writer.text(configuration)
        writer.text("\",\"variant\":")
        JSONText.string(variant, to: writer)
        writer.text(",\"seed\":")
        JSONText.integer(Int64(bitPattern: seed), to: writer)
        writer.text("}}")
    }

    func list(_ items: borrowing [RankedItem], _ table: ItemTable, to writer: ByteWriter) {
        for index in items.indices {
            let ranked = items[index]
            writer.text(index == 0 ? "{\"product_id\":" : ",{\"product_id\":")
            JSONText.string(table.identifiers.bytes(ranked.item), to: writer)
            writer.text(",\"score\":")
            JSONText.decimal(Double(ranked.score), to: writer)
            writer.text(",\"reason\":\"")
            writer.text(ranked.reason.text)
            let attributes = table.attributes(ranked.item)
            writer.text("\"")
            if attributes.category != IdentifierTable.none {
                writer.text(",\"category_id\":")
                JSONText.string(table.words.bytes(attributes.category), to: writer)
            }
            if !attributes.price.isNaN {
                writer.text(",\"price\":")
                JSONText.decimal(attributes.price, to: writer)
            }
            writer.text("}")
        }
    }
}
