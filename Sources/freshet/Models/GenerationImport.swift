import Foundation
import Linear
import Models
import Pipeline
import ServiceKit

/// A generation from the `generation.bin` of an export.
enum GenerationImport {
    /// Reads a candidate as every instance will: one that they cannot read would end them, and each one that starts after them.
    static func check(_ generation: Generation) throws {
        do {
            _ = try GenerationCodec.encode(generation).withUnsafeBytes { try GenerationCodec.decode($0) }
        } catch {
            throw CommandFailure(
                "the candidate is not published, since no instance could read it again: \(error)", exitCode: 65)
        }
    }

    /// - Throws: what another version wrote, what is damaged, and numbers that nothing can be ranked by.
    static func generation(_ data: Data, name: String) throws -> Generation {
        func failure(_ why: String) -> CommandFailure {
            CommandFailure("'\(name)' cannot be read: \(why)", exitCode: 65)
        }
        let versions = GenerationCodec.readable
        guard let version = data.first, versions.contains(version) else {
            throw failure(
                "it is no generation.bin of the versions \(versions.lowerBound) to \(versions.upperBound), which this "
                    + "program reads")
        }
        let generation: Generation
        do {
            generation = try data.withUnsafeBytes { try GenerationCodec.decode($0) }
        } catch {
            throw failure("\(error)")
        }
        guard !generation.items.isEmpty, Set(generation.items.map { Array($0.utf8) }).count == generation.items.count
        else { throw failure("it has no items, or one of them twice") }
        let (factors, weights) = (generation.factors, generation.neighbourWeights)
        let matrices = [factors] + (generation.foldIn.map { [$0.ranking.items] } ?? [])
        let isFinite = matrices.allSatisfy { matrix in
            (0..<matrix.rows).allSatisfy { row in
                (0..<matrix.columns).allSatisfy { matrix.row(row)[$0].isFinite }
            }
        }
        guard isFinite, weights.allSatisfy(\.isFinite) else { throw failure("it holds values that are not finite") }
        return generation
    }
}
