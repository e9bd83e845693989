import Testing

@testable import Datasets

@Suite struct ShardNamesTests {
    @Test(
        arguments: [
            ("a.tar", ["a.tar"]),
            ("a-{08..11}.tar", ["a-08.tar", "a-09.tar", "a-10.tar", "a-11.tar"]),
            ("{0..1}/{a,b}.tar", ["0/a.tar", "0/b.tar", "1/a.tar", "1/b.tar"]),
            ("a{7..7}.tar", ["a7.tar"]),
            ("a{b", ["a{b"]),
        ] as [(String, [String])]) func bracesStandForNames(text: String, names: [String]) throws
    {
        #expect(try ShardNames.expand(text) == names)
    }

    @Test(arguments: ["a{3..1}.tar", "a{x..y}.tar", "a{0..9999999}.tar", "a{-2..1}.tar"])
    func rangesThatSayNothingAreRefused(text: String) {
        #expect(throws: DatasetError.self) { try ShardNames.expand(text) }
    }
}
