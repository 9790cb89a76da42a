/// What the simulated shop sells: one line for each category.
struct ProductLine {
    let code: String
    let title: String
    /// Prices from and to.
    let prices: (low: Double, high: Double)
    let nouns: [String]
    let traits: [String]
    /// Places of categories that go well with this one.
    let goesWith: [Int]

    init(
        _ code: String, _ title: String, _ low: Double, _ high: Double, _ nouns: String, _ traits: String,
        with goesWith: [Int]
    ) {
        self.code = code
        self.title = title
        prices = (low, high)
        self.nouns = nouns.split(separator: ",").map { $0.trimmed }
        self.traits = traits.split(separator: ",").map { $0.trimmed }
        self.goesWith = goesWith
    }

    static let brands = [
        "Nordkamm", "Alvora", "Kestrel", "Lumina", "Brightwell", "Tamarin", "Ostra", "Veloce", "Halden", "Mirabel",
        "Fjordline", "Pinewood", "Casa Blu", "Sorrel", "Arctica", "Juno", "Meridian", "Oakley Hill", "Rivo", "Tessera",
        "Wildbach", "Zephyr", "Copperfield", "Delphi", "Ember & Co", "Finch", "Grano", "Hearth", "Isla", "Kobold",
    ]

    static let all: [ProductLine] = [
        .init(
            "sport.shoes.running", "Running shoes", 59, 189, "running shoes, trail shoes, racing flats",
            "Swift, Cloud, Terra, Pace, Stride", with: [1, 2, 3]),
        .init(
            "sport.clothing.running", "Running wear", 19, 99, "running tights, running shirt, wind jacket, shorts",
            "Light, Dry, Thermo, Reflect", with: [0, 2]),
        .init(
            "sport.watches", "Sports watches", 99, 599, "GPS watch, fitness band, dive watch",
            "Pulse, Summit, Track, Tide", with: [0, 3]),
        .init(
            "sport.nutrition", "Sports nutrition", 9, 59, "energy gels, protein powder, electrolytes, oat bars",
            "Citrus, Berry, Pure, Cocoa", with: [0, 4]),
        .init(
            "sport.fitness", "Fitness at home", 15, 349,
            "kettlebell, yoga mat, resistance bands, rowing machine, dumbbells", "Core, Flex, Solid, Home",
            with: [3, 1]),
        .init(
            "outdoor.tents", "Tents", 89, 699, "dome tent, tunnel tent, tarp, bivouac", "Ridge, Polar, Duo, Basecamp",
            with: [6, 7, 8]),
        .init(
            "outdoor.sleeping", "Sleeping bags", 39, 399, "down bag, sleeping mat, quilt, liner",
            "Warm, Feather, Trek, Night", with: [5, 7]),
        .init(
            "outdoor.backpacks", "Backpacks", 29, 289, "daypack, trekking pack, travel pack, hydration vest",
            "Vista, Carry, Nomad, Crest", with: [5, 8, 0]),
        .init(
            "outdoor.cooking", "Camp kitchen", 9, 149, "gas stove, pot set, titanium mug, water filter",
            "Spark, Simmer, Trail, Compact", with: [5, 6]),
        .init(
            "sport.bikes", "Bikes", 399, 3499, "gravel bike, city bike, road bike, e-bike",
            "Aero, Urban, Alpine, Classic", with: [10, 11]),
        .init(
            "sport.bike.parts", "Bike parts", 9, 249, "saddle, pedals, chain, tyre pair, brake set",
            "Grip, Endure, Race, Comfort", with: [9, 11]),
        .init(
            "sport.bike.gear", "Bike gear", 12, 199, "helmet, bike lock, front light, pannier, pump",
            "Safe, Beam, Tour, City", with: [9, 10]),
        .init(
            "electronics.smartphone", "Smartphones", 149, 1299,
            "smartphone 64 GB, smartphone 128 GB, smartphone 256 GB", "One, Neo, Max, Lite", with: [13, 14, 15]),
        .init(
            "electronics.phone.cases", "Phone cases", 9, 49, "leather case, clear case, rugged case, wallet case",
            "Slim, Armour, Soft, Fold", with: [12, 14]),
        .init(
            "electronics.chargers", "Chargers", 12, 89, "wall charger, power bank, wireless charger, USB-C cable",
            "Fast, Mini, Duo, Travel", with: [12, 16]),
        .init(
            "electronics.headphones", "Headphones", 29, 449, "earbuds, over-ear headphones, studio headphones",
            "Silent, Bass, Air, Studio", with: [12, 17]),
        .init(
            "electronics.tablets", "Tablets", 129, 1099, "tablet 8 inch, tablet 11 inch, e-reader",
            "Page, Sketch, View, Go", with: [14, 13]),
        .init(
            "electronics.audio", "Speakers", 39, 899, "bluetooth speaker, soundbar, bookshelf speakers, turntable",
            "Room, Wave, Vinyl, Party", with: [15, 18]),
        .init(
            "electronics.tv", "Televisions", 249, 2499, "TV 43 inch, TV 55 inch, TV 65 inch, projector",
            "Vivid, OLED, Cinema, Frame", with: [17]),
        .init(
            "computers.notebook", "Notebooks", 399, 2499, "notebook 13 inch, notebook 14 inch, notebook 16 inch",
            "Work, Air, Create, Play", with: [20, 21]),
        .init(
            "computers.peripherals", "Keyboards and mice", 19, 199, "mechanical keyboard, mouse, trackball, webcam",
            "Quiet, Click, Pro, Compact", with: [19, 21]),
        .init(
            "computers.monitors", "Monitors", 129, 1199, "monitor 24 inch, monitor 27 inch, ultrawide monitor",
            "Sharp, Colour, Curve, Office", with: [19, 20]),
        .init(
            "photo.cameras", "Cameras", 299, 2999, "mirrorless camera, compact camera, action camera",
            "Focus, Scene, Go, Mark II", with: [23]),
        .init(
            "photo.lenses", "Lenses and tripods", 59, 1499, "35 mm lens, 50 mm lens, zoom lens, tripod",
            "Prime, Macro, Travel, Sharp", with: [22]),
        .init(
            "kitchen.coffee", "Coffee machines", 29, 1299, "espresso machine, moka pot, coffee grinder, French press",
            "Crema, Barista, Morning, Roma", with: [25, 26]),
        .init(
            "grocery.coffee", "Coffee and tea", 6, 39, "espresso beans, filter coffee, green tea, chai",
            "Dark, Single Origin, Organic, House", with: [24, 26]),
        .init(
            "kitchen.tableware", "Tableware", 9, 149, "mug set, dinner plates, bowls, wine glasses",
            "Stone, Linen, Blue, Dune", with: [24, 27]),
        .init(
            "kitchen.cookware", "Cookware", 19, 299, "cast-iron pan, saucepan, wok, roasting dish",
            "Heavy, Copper, Everyday, Chef", with: [28, 26]),
        .init(
            "kitchen.knives", "Knives", 15, 249, "chef's knife, bread knife, santoku, sharpener",
            "Damast, Oak, Steel, Fine", with: [27]),
        .init(
            "appliances.kitchen", "Kitchen machines", 29, 599, "blender, food processor, toaster, kettle, stand mixer",
            "Turbo, Retro, Mono, Fresh", with: [27, 24]),
        .init(
            "furniture.living", "Living room", 79, 1899, "sofa, armchair, coffee table, shelf, sideboard",
            "Hygge, Loft, Walnut, Low", with: [31, 32]),
        .init(
            "furniture.lighting", "Lamps", 15, 399, "floor lamp, desk lamp, pendant lamp, string lights",
            "Glow, Arc, Paper, Brass", with: [30, 33]),
        .init(
            "home.textiles", "Textiles", 12, 249, "wool blanket, cushion, rug, linen sheets",
            "Soft, Nordic, Weave, Sand", with: [30, 31]),
        .init(
            "furniture.office", "Home office", 49, 999, "office chair, standing desk, desk mat, drawer unit",
            "Ergo, Lift, Plain, Task", with: [19, 31]),
        .init(
            "garden.tools", "Garden tools", 9, 449, "pruning shears, spade, lawn mower, hose reel",
            "Green, Forged, Quick, Long", with: [35]),
        .init(
            "garden.plants", "Plants and pots", 5, 89, "olive tree, herb set, terracotta pot, raised bed",
            "Sun, Small, Tuscan, Balcony", with: [34]),
        .init(
            "toys.building", "Building sets", 15, 349, "brick set, marble run, train set, robot kit",
            "Castle, City, Space, Junior", with: [37, 38]),
        .init(
            "toys.games", "Board games", 12, 89, "strategy game, family game, puzzle 1000, card game",
            "Island, Harvest, Mystery, Voyage", with: [36, 38]),
        .init(
            "books.fiction", "Books", 8, 39, "novel, crime novel, short stories, atlas, cookbook",
            "Winter, The Last, Harbour, Silent", with: [37, 25]),
        .init(
            "beauty.care", "Care", 6, 89, "face cream, shampoo, hand balm, perfume, razor", "Aloe, Cedar, Rose, Sea",
            with: [32]),
    ]
}

extension Substring {
    var trimmed: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
