import Foundation

/// One run of the program: what its rows share, and what has to be cleared away after it.
final class BenchmarkRun {
    private var foundBroker: BenchmarkBroker??
    private var warm: [Int32: BenchmarkShop] = [:]
    /// Those that were not warm yet when they failed have topics too.
    private var shops: [BenchmarkShop] = []

    /// The real Kafka to measure on; nil where there is none.
    func broker() throws -> BenchmarkBroker? {
        if let foundBroker { return foundBroker }
        let found = try BenchmarkBroker()
        foundBroker = found
        return found
    }

    /// A shop of 50,000 items and 20,000 users, who had 50 interactions each before any clock runs: learnt, trained on
    /// and checkpointed by the program. Rows go on from where the last one left it. Nil where there is no Kafka.
    func warmShop(partitions: Int32 = 8) throws -> BenchmarkShop? {
        if let shop = warm[partitions] { return shop }
        guard let shop = try freshShop("shop\(partitions)", partitions: partitions) else { return nil }
        try shop.produce(shop.users * 50, .random, stepMilliseconds: 200)
        // Learnt first, and trained on once all is there: trainings on the way would only be thrown away.
        _ = try shop.workToEnd(.exactlyOnce)
        _ = try shop.workToEnd(.exactlyOnce, training: true)
        warm[partitions] = shop
        return shop
    }

    /// A shop in which nothing has happened. Nil where there is no Kafka.
    func freshShop(_ name: String, partitions: Int32) throws -> BenchmarkShop? {
        guard let broker = try broker() else { return nil }
        let shop = try BenchmarkShop(broker, name: name, partitions: partitions)
        shops.append(shop)
        return shop
    }

    /// To be called whatever happened.
    func end() {
        BenchmarkProcess.killAll()
        for shop in shops { shop.remove() }
        (shops, warm) = ([], [:])
        if let foundBroker { foundBroker?.stop() }
        foundBroker = .some(nil)
    }

    /// A number of the environment, for a row's size.
    static func size(_ name: String, default standard: Int) -> Int {
        max(1, Int(ProcessInfo.processInfo.environment[name] ?? "") ?? standard / CPUTime.shrink)
    }
}
