import Foundation
import Linear
import Models
import Pipeline
import ServiceKit

/// A generation as files.
enum GenerationExport {
    /// - Throws: an id that holds a line break, which ids.txt cannot hold.
    static func files(_ generation: Generation) throws -> [(name: String, bytes: [UInt8])] {
        if let id = generation.items.first(where: { $0.utf8.contains(UInt8(ascii: "\n")) }) {
            throw CommandFailure(
                "the id \(id.debugDescription) holds a line break: ids.txt cannot hold it", exitCode: 65)
        }
        let ids = generation.items.map { $0 + "\n" }.joined()
        let manifest = try JSONSerialization.data(
            withJSONObject: ManifestText.members(generation),
            options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
        var files: [(name: String, bytes: [UInt8])] = [("items.npy", NPYArray.encode(generation.factors))]
        if generation.neighboursPerItem > 0 {
            let width = generation.neighboursPerItem
            files.append(("neighbours.npy", NPYArray.encode(generation.neighbours, columns: width)))
            files.append(("neighbour_weights.npy", NPYArray.encode(generation.neighbourWeights, columns: width)))
        }
        files.append(("ids.txt", Array(ids.utf8)))
        files.append(("manifest.json", Array(manifest) + [UInt8(ascii: "\n")]))
        files.append(("generation.bin", GenerationCodec.encode(generation)))
        files.append(("FORMAT.txt", Array(format.utf8)))
        return files
    }

    /// What `GenerationCodec` writes, for who reads it in another language.
    static let format = """
        generation.bin: a generation as the service keeps it. Numbers are little-endian; `varint` is LEB128 without
        sign, `signed` the same after zig-zag, `f64` and `f32` IEEE 754, `text` a varint of bytes and UTF-8.

        byte     version, 6, or 5 without the last two fields (4 lacks the fits too, 3 the f64 × 4 before the
                 varint×5, 2 also the f64 × 7)
        varint   number of the generation
        f64 × 4  alpha, alpha0, regularization (lambda), exponent (nu) of the users' projection
        varint×3 users, interactions, events that it was trained on
        signed   the largest event time among them, ms since 1970
        u64      seed
        f64 × 12 weights: sequential weight, recency, target exponent, source exponent; neighbours weight, recency;
                 factors weight, short memory; popularity weight, exponent; category weight, recency
        f64 × 7  slopes of sequential, neighbours, factors, popularity; weight and slope of popularity's fourth root;
                 slope of category
        f64 × 4  weights of the square roots of the shares of sequential, neighbours, factors, category
        varint×5 sequential depth, neighbours depth, popularity column, category depth, category column
        varint   n, then 1 + n texts: the kind of model, and its n settings as name=value
        varint   fits: how many stretches the weights were fitted on
        varint×3 items, K, neighbours an item (w)
        text     the id of each item
        f32      items × K, row by row: the factors
        i32      items × w: rows of the neighbours, the nearest first, -1 for none
        f32      items × w: their weights
        f64      how much of the neighbours is likeness by category, price and brand
        byte     0, or 1 and a model that folds users in, as its algorithm saves it; the factors are then the model's
                 item vectors less their mean

        Without such a model, a user with items I and confidences c has the vector
        (alpha0 HtH + sum c h ht + lambda (|I| + alpha0 items)^nu 1)^-1 sum c h.
        Items are trained with c = alpha r, r being the rating; lists are made with c = alpha r 2^(-position / short memory),
        position being 0 for the item that the user touched last, 1 for the one before it, and so on (without the power of
        two where the short memory is 0).

        """
}
