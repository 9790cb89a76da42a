public import Events

/// The catalogue's record of an item in the item log. It has no time: an entry is no event.
public enum CatalogueRecord {
    static let isWithdrawal: UInt8 = 1
    static let isAvailable: UInt8 = 2

    /// Appends the record of an entry, or of a withdrawal.
    public static func encode(_ entry: CatalogueItem?, id: UnsafeRawBufferPointer, to writer: ByteWriter) {
        writer.byte(ItemLogBlockWriter.version)
        writer.byte(ItemLogRecord.catalogue)
        writer.counted(id)
        guard let entry else { return writer.byte(isWithdrawal) }
        writer.byte(entry.isAvailable ? isAvailable : 0)
        for text in [entry.title, entry.categoryID, entry.categoryCode, entry.brand] {
            var text = text ?? ""
            text.withUTF8 { writer.counted(UnsafeRawBufferPointer($0)) }
        }
        writer.double(entry.price ?? .nan)
    }
}
