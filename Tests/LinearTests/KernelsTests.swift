import Linear
import Testing

struct KernelsTests {
    @Test func plainIsAlwaysThereAndBestIsAvailable() {
        #expect(Kernels.available.first == .plain)
        #expect(Kernels.available.contains(.best))
    }

    /// The definition of the fixed-lane product, in Swift.
    static func reference(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ length: Int) -> Float {
        var lanes = [Float](repeating: 0, count: 16)
        for lane in 0..<16 { lanes[lane] = a[lane] * b[lane] }
        for i in 16..<max(length, 16) { lanes[i % 16] += a[i] * b[i] }
        for half in [8, 4, 2, 1] {
            for lane in 0..<half { lanes[lane] += lanes[lane + half] }
        }
        return lanes[0]
    }

    @Test(arguments: [16, 32, 48, 64, 512, 1024])
    func dotIsTheFixedLaneSumOnEveryInstructionSet(columns: Int) {
        let matrix = Matrix.random(20, columns, seed: UInt64(columns)) { $0 % 3 == 0 ? 1e5 : 1 }
        for row in 1..<20 {
            let expected = Self.reference(matrix.row(0), matrix.row(row), matrix.stride)
            for kernels in Kernels.available {
                let value = kernels.dot(matrix.row(0), matrix.row(row), length: matrix.stride)
                #expect(value.bitPattern == expected.bitPattern, "\(kernels)")
            }
        }
    }

    @Test func vectorUpdatesAgreeToTheBit() {
        let start = Matrix.random(2, 80, seed: 3)
        var images: [[UInt32]] = []
        for kernels in Kernels.available {
            var copy = start
            copy.withUnsafeMutableBase { base in
                kernels.add(base, scaledBy: 0.3, to: base + 80, length: 80)
                kernels.replace(base + 80, scaledBy: -1.7, plus: base, length: 80)
            }
            images.append(copy.bits)
            #expect(abs(copy[1, 5] - (start[0, 5] - 1.7 * (start[1, 5] + 0.3 * start[0, 5]))) < 1e-5)
        }
        #expect(images.allSatisfy { $0 == images[0] })
    }

    @Test(arguments: [(1, 3), (100, 16), (300, 40), (513, 96)])
    func gramIsTheProductOnEveryInstructionSet(rows: Int, columns: Int) {
        let matrix = Matrix.random(rows, columns, seed: 9)
        let grams = Kernels.available.map { matrix.gram(kernels: $0) }
        for i in 0..<columns {
            for j in 0..<columns {
                let exact = (0..<rows).reduce(0.0) { $0 + Double(matrix[$1, i]) * Double(matrix[$1, j]) }
                #expect(abs(Double(grams[0][i, j]) - exact) < 1e-3)
            }
        }
        #expect(grams.allSatisfy { $0.bits == grams[0].bits })
    }

    @Test func multiplyAddAddsTheProduct() {
        let (a, b) = (Matrix.random(8, 37, seed: 1), Matrix.random(37, 64, seed: 2))
        for kernels in Kernels.available {
            var c = Matrix(rows: 8, columns: 64)
            c[3, 3] = 100
            c.withUnsafeMutableBase {
                kernels.multiplyAdd(
                    rows: 8, columns: 64, depth: 37, a.base, rowStep: a.stride, depthStep: 1, b.base, stride: b.stride,
                    into: $0, stride: 64)
            }
            let exact = (0..<37).reduce(100.0) { $0 + Double(a[3, $1]) * Double(b[$1, 3]) }
            #expect(abs(Double(c[3, 3]) - exact) < 1e-4)
        }
    }
}
