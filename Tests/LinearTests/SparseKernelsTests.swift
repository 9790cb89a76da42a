import Linear
import Testing

/// The kernels under sparse scores, on every instruction set that the machine has, against their definitions.
struct SparseKernelsTests {
    /// Lengths with and without a rest beside whole blocks of sixteen.
    static let counts = [0, 1, 15, 16, 17, 31, 32, 100, 333]

    @Test(arguments: counts, [false, true]) func gatherTakesScalesAndFindsTheLargest(_ count: Int, isScaled: Bool) {
        var generator = SplitMix64(state: UInt64(count))
        let size = 400
        let table = (0..<size).map { _ in generator.normal() }
        let factors = (0..<size).map { _ in generator.normal() }
        let indices = Array((0..<Int32(size)).shuffled(using: &generator).prefix(count))
        var (expectedTable, expected) = (table, [Float]())
        for index in indices {
            if isScaled { expectedTable[Int(index)] *= factors[Int(index)] }
            expected.append(expectedTable[Int(index)])
        }
        for kernels in Kernels.available {
            var (copy, out) = (table, [Float](repeating: -7, count: count + 1))
            let largest = copy.withUnsafeMutableBufferPointer { copy in
                out.withUnsafeMutableBufferPointer { out in
                    factors.withUnsafeBufferPointer { factors in
                        indices.withUnsafeBufferPointer { indices in
                            // An empty array has no address.
                            count == 0
                                ? 0
                                : kernels.gather(
                                    copy.baseAddress!, scaledBy: isScaled ? factors.baseAddress : nil,
                                    at: indices.baseAddress!, count: count, into: out.baseAddress!)
                        }
                    }
                }
            }
            #expect(out.last == -7, "\(kernels) writes past the end")
            #expect(out.dropLast().map(\.bitPattern) == expected.map(\.bitPattern), "\(kernels)")
            #expect(copy.map(\.bitPattern) == expectedTable.map(\.bitPattern), "\(kernels)")
            #expect(largest == max(0, expected.max() ?? 0), "\(kernels)")
        }
    }

    /// The largest stands anywhere, in a block or in the rest, and is 0 where all are below.
    @Test func gatherFindsTheLargestAnywhere() {
        let count = 37
        let indices = (0..<Int32(count)).map { $0 }
        for place in 0...count {
            var table = [Float](repeating: -2, count: count)
            if place < count { table[place] = 3 }
            var out = table
            for kernels in Kernels.available {
                let largest = kernels.gather(&table, scaledBy: nil, at: indices, count: count, into: &out)
                #expect(largest == (place < count ? 3 : 0), "\(kernels), at \(place)")
            }
        }
    }

    @Test(arguments: counts) func placesAreThoseThatReachTheBar(_ count: Int) {
        var generator = SplitMix64(state: UInt64(count) + 1)
        var values = (0..<count).map { _ in Float(Int(generator.next() % 9)) - 4 }
        for place in stride(from: 3, to: count, by: 11) { values[place] = .nan }
        for place in stride(from: 5, to: count, by: 13) { values[place] = .infinity }
        for bar: Float in [-.infinity, -4, 0, 0.5, 4, 5, .infinity] {
            let expected = values.indices.filter { values[$0] >= bar }.map { Int32($0) }
            for kernels in Kernels.available {
                // One more than there is room for, to see that it stays.
                var places = [Int32](repeating: -7, count: count + 1)
                let found = kernels.places(of: values, count: count, reaching: bar, into: &places)
                #expect(Array(places.prefix(found)) == expected, "\(kernels), \(bar)")
                #expect(places[count] == -7, "\(kernels) writes past the end")
            }
        }
    }

    /// A bar is reached by as many as it says; by few more where values are not tied.
    @Test(arguments: counts) func theBarIsReachedByAsManyAsItSays(_ count: Int) {
        var generator = SplitMix64(state: UInt64(count) + 2)
        for isTied in [false, true] {
            let values = (0..<count).map { _ in isTied ? Float(Int(generator.next() % 4)) : generator.normal() }
            for k in [1, 2, 16, 50, 300] where k < count {
                var bars: Set<Float> = []
                for kernels in Kernels.available {
                    var room = values + [Float](repeating: 0, count: 16)
                    bars.insert(kernels.bar(&room, count: count, reachedBy: k))
                }
                #expect(bars.count == 1)
                let reaching = values.filter { $0 >= bars.first ?? .infinity }.count
                #expect(reaching >= k, "the best \(k) of \(count)")
                if !isTied { #expect(reaching <= k + k / 16 + 1, "the best \(k) of \(count)") }
            }
        }
    }
}
