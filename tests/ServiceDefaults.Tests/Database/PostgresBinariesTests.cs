using System.Formats.Tar;
using System.IO.Compression;
using Billing.LocalTools;

namespace Billing.ServiceDefaults.Tests.Database;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class PostgresBinariesTests
{
    private string _folder = null!;

    [SetUp]
    public void Make() => _folder = Directory.CreateTempSubdirectory("billing-binaries-").FullName;

    [TearDown]
    public void Remove() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void A_link_on_PATH_is_followed_to_where_the_programs_are()
    {
        var bin = Installed("opt/pg/bin", "17.2");
        var path = Directory.CreateDirectory(Path.Combine(_folder, "path")).FullName;
        File.CreateSymbolicLink(Path.Combine(path, "pg_ctl"), Path.Combine(bin, "pg_ctl"));

        var found = Find($"/nowhere:{path}")!;

        found.BinDirectory.ShouldBe(bin);
        found.Version.ShouldBe("17.2");
        found.Major.ShouldBe(17);
        found.Source.ShouldBe("pg_ctl on PATH");
    }

    [Test]
    public void A_lone_pg_ctl_is_not_enough()
    {
        var path = Directory.CreateDirectory(Path.Combine(_folder, "path")).FullName;
        File.WriteAllText(Path.Combine(path, "pg_ctl"), "");
        Installed("debian/16/bin", "16.1");

        Find(path)!.Version.ShouldBe("16.1");
    }

    [Test]
    public void Of_Debians_the_newest_by_number_is_taken()
    {
        Installed("debian/9/bin", "9.6.24");
        Installed("debian/15/bin", "15.18 (Debian 15.18-0+deb12u1)");
        Installed("debian/17/bin", "17.0");

        Find("")!.Major.ShouldBe(17);
    }

    [Test]
    public void The_npm_package_in_the_cache_comes_last()
    {
        var bin = Installed($"cache/{EmbeddedPostgresPackage.Folder}/native/bin", "18.4");
        Find("")!.BinDirectory.ShouldBe(bin);

        Installed("debian/15/bin", "15.18");
        Find("")!.Major.ShouldBe(15);
    }

    [Test]
    public void What_is_too_old_or_broken_is_named()
    {
        Installed("debian/13/bin", "13.9");
        Find("", out var why).ShouldBeNull();
        why.ShouldContain("version 13.9, which is older than 15");
        why.ShouldNotContain("\n");
    }

    [Test]
    public void When_nothing_is_there_it_says_where_it_looked()
    {
        Find("", out var why).ShouldBeNull();

        why.ShouldContain("no pg_ctl on PATH");
        why.ShouldContain(EmbeddedPostgresPackage.Folder);
    }

    [Test]
    public void The_package_is_unpacked_with_its_links_and_programs_that_run()
    {
        var target = Path.Combine(_folder, "cache", EmbeddedPostgresPackage.Folder);

        Parallel.For(0, 4, _ => EmbeddedPostgresPackage.Unpack(Archive(), target));

        File.ReadAllText(Path.Combine(target, "native/lib/libpq.so.5")).ShouldBe("library");
        File.ResolveLinkTarget(
            Path.Combine(target, "native/lib/libpq.so.5"), false)!.Name.ShouldBe("libpq.so.5.18");
        Find("")!.Version.ShouldBe("18.4");
        Directory.GetFileSystemEntries(Path.Combine(_folder, "cache")).ShouldHaveSingleItem();
    }

    [Test]
    public void A_broken_archive_leaves_nothing()
    {
        var archive = Path.Combine(_folder, "broken.tgz");
        File.WriteAllText(archive, "not an archive");
        var target = Path.Combine(_folder, "cache", EmbeddedPostgresPackage.Folder);
        Directory.CreateDirectory(Path.Combine(_folder, "cache"));

        Should.Throw<PreparationFailed>(() => EmbeddedPostgresPackage.Unpack(archive, target));

        Directory.GetFileSystemEntries(Path.Combine(_folder, "cache")).ShouldBeEmpty();
    }

    private PostgresBinaries.Found? Find(string path) => Find(path, out _);

    private PostgresBinaries.Found? Find(string path, out string why) => PostgresBinaries.Find(
        path, Path.Combine(_folder, "debian"), Path.Combine(_folder, "cache"), out why);

    private string Installed(string place, string version)
    {
        var bin = Directory.CreateDirectory(Path.Combine(_folder, place)).FullName;
        foreach (var name in new[] { "postgres", "initdb", "pg_ctl" })
        {
            File.WriteAllText(Path.Combine(bin, name), $"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n");
            File.SetUnixFileMode(Path.Combine(bin, name), (UnixFileMode)0b111_101_101);
        }

        return bin;
    }

    private string Archive()
    {
        var path = Path.Combine(_folder, $"{Guid.NewGuid():N}.tgz");
        using var packed = new GZipStream(File.Create(path), CompressionLevel.Fastest);
        using var tar = new TarWriter(packed);
        foreach (var program in new[] { "postgres", "initdb", "pg_ctl" })
            Add(
                $"native/bin/{program}", $"#!/bin/sh\necho '{program} (PostgreSQL) 18.4'\n",
                (UnixFileMode)0b111_101_101);
        Add("native/lib/libpq.so.5.18", "library", UnixFileMode.UserRead);
        Add(
            "native/pg-symlinks.json",
            """[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]""",
            UnixFileMode.UserRead);

        return path;

        void Add(string name, string text, UnixFileMode mode) => tar.WriteEntry(
            new PaxTarEntry(TarEntryType.RegularFile, $"package/{name}")
            {
                Mode = mode,
                DataStream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)),
            });
    }
}
