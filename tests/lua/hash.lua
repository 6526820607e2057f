-- molo.hash and molo.hmac, against the vectors of their standards.
local molo = require "molo"
local cases = require "cases"

-- RFC 1321, appendix A.5
cases.add("MD5 of RFC 1321", function()
  cases.equal(molo.hash("md5", ""), "d41d8cd98f00b204e9800998ecf8427e")
  cases.equal(molo.hash("md5", "abc"), "900150983cd24fb0d6963f7d28e17f72")
  cases.equal(molo.hash("md5", "message digest"),
              "f96b697d7cb7938d525a2f31aaf161d0")
end)

-- RFC 6234, section 8.5: TEST1 and, of two blocks, TEST2_1 and TEST2_2
local two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
local two_long_blocks = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklm"
  .. "ghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"
for _, row in ipairs{
  { "sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
  { "sha1", two_blocks, "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
  { "sha256", "abc", "ba7816bf8f01cfea414140de5dae2223"
    .. "b00361a396177a9cb410ff61f20015ad" },
  { "sha256", two_blocks, "248d6a61d20638b8e5c026930c3e6039"
    .. "a33ce45964ff2167f6ecedd419db06c1" },
  { "sha384", "abc", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
    .. "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
  { "sha384", two_long_blocks,
    "09330c33f71147e83d192fc782cd1b4753111b173b3b05d2"
    .. "2fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039" },
  { "sha512", "abc", "ddaf35a193617abacc417349ae204131"
    .. "12e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a8"
    .. "36ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
  { "sha512", two_long_blocks, "8e959b75dae313da8cf4f72814fc143f"
    .. "8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4"
    .. "331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909" },
} do
  cases.add(("%s of RFC 6234, %d bytes"):format(row[1], #row[2]), function()
    cases.equal(molo.hash(row[1], row[2]), row[3])
  end)
end

cases.add("a million bytes (RFC 6234, TEST3)", function()
  cases.equal(molo.hash("sha1", ("a"):rep(1000000)),
              "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
end)

-- RFC 4231, section 4
for name, row in pairs{
  ["test case 1"] = {
    ("\x0b"):rep(20), "Hi There",
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
      .. "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" },
  ["test case 2"] = {
    "Jefe", "what do ya want for nothing?",
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
      .. "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
  ["test case 3"] = {
    ("\xaa"):rep(20), ("\xdd"):rep(50),
    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
      .. "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb" },
  ["test case 6, a long key"] = {
    ("\xaa"):rep(131), "Test Using Larger Than Block-Size Key - Hash Key First",
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
      .. "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" },
} do
  cases.add("HMAC of RFC 4231, " .. name, function()
    cases.equal(molo.hmac("sha256", row[1], row[2]), row[3])
    cases.equal(molo.hmac("sha512", row[1], row[2]), row[4])
  end)
end

-- RFC 2202, sections 2 and 3: test case 2
cases.add("HMAC of RFC 2202", function()
  cases.equal(molo.hmac("md5", "Jefe", "what do ya want for nothing?"),
              "750c783e6ab0b503eaa86e310a5db738")
  cases.equal(molo.hmac("sha1", "Jefe", "what do ya want for nothing?"),
              "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
end)

cases.add("raw bytes instead of digits", function()
  for algorithm, size in pairs{ md5 = 16, sha1 = 20, sha256 = 32, sha384 = 48,
                                sha512 = 64 } do
    local raw = molo.hash(algorithm, "x", { raw = true })
    cases.equal(#raw, size)
    cases.equal((raw:gsub(".", function(c)
      return ("%02x"):format(c:byte())
    end)), molo.hash(algorithm, "x"))
    cases.equal(#molo.hmac(algorithm, "k", "x", { raw = true }), size)
  end
  cases.equal(#molo.hash("md5", "x", { raw = false }), 32)
end)

cases.add("NUL bytes and empty strings count", function()
  cases.equal(molo.hash("sha256", "a\0b") ~= molo.hash("sha256", "a\0c"), true)
  cases.equal(molo.hmac("sha256", "k\0a", "") ~= molo.hmac("sha256", "k\0b", ""),
              true)
  cases.equal(molo.hmac("sha256", "", ""), "b613679a0814d9ec772f95d778c35fc5"
              .. "ff1697c493715653c6c712144292c5ad")
end)

cases.add("misuse", function()
  cases.misuse("molo.hash: unknown algorithm 'sha-256' "
               .. "did you mean 'sha256'?", molo.hash, "sha-256", "x")
  cases.misuse("molo.hmac: unknown algorithm 'crc' (there are: md5, sha1", molo.hmac, "crc", "k",
               "x")
  cases.misuse("molo.hash: the algorithm must be a string, got no value", molo.hash)
  cases.misuse("molo.hash: the text must be a string, got no value", molo.hash, "md5")
  cases.misuse("molo.hmac: the key must be a string, got table", molo.hmac,
               "md5", {}, "")
  cases.misuse("molo.hmac: the text must be a string", molo.hmac, "md5", "k")
  cases.misuse("options must be a table, got string", molo.hash, "md5", "", "raw")
  cases.misuse("molo.hash: unknown option 'hex' (there is: raw)", molo.hash,
               "md5", "", { hex = true })
end)

cases.add("misuse has the line of the caller", function()
  cases.misuse("hash.lua:", function() molo.hash("md4", "") end)
end)

cases.start()
