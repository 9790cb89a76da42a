/// What a list was made from, as it stands in the list's record: with it, it can be made again.
public struct ListProvenance: Sendable, Equatable, Decodable {
    /// Of the events topic.
    public var partition: Int32
    /// The highest offset of the user's events that the list includes.
    public var offset: Int64
    /// The item table's place in the item log.
    public var itemsOffset: Int64
    /// Of the models; nil where none was served.
    public var generation: Int?

    public init(partition: Int32, offset: Int64, itemsOffset: Int64, generation: Int?) {
        self.partition = partition
        self.offset = offset
        self.itemsOffset = itemsOffset
        self.generation = generation
    }

    enum CodingKeys: String, CodingKey {
        case partition, offset, generation
        case itemsOffset = "items_offset"
    }
}
