import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.cache.PathChildrenCache;
import org.apache.curator.framework.recipes.cache.TreeCache;

/** The caches, which follow a subtree. */
@SuppressWarnings("deprecation") // programs have the older ones still
final class Caches {
    private Caches() {}

    static void all(CuratorFramework a) throws Exception {
        curator(a);
        tree(a);
        pathChildren(a);
        a.delete().deletingChildrenIfNeeded().forPath("/cache");
    }

    private static String data(ChildData d) {
        try {
            return d == null ? "nothing" : Transcript.show(d, null);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** A cache that notes its events; it says "initialized" as the last of the first. */
    static CuratorCache noting(CuratorFramework c, String path, Transcript.Events seen) {
        CuratorCache cache = CuratorCache.build(c, path);
        cache.listenable().addListener(CuratorCacheListener.builder()
            .forAll((type, old, now) -> seen.note(type + " " + data(old) + " -> " + data(now)))
            .forInitialized(() -> seen.note("initialized")).build());
        cache.start();
        return cache;
    }

    private static void curator(CuratorFramework a) throws Exception {
        Transcript.say("# a Curator cache");
        a.create().creatingParentsIfNeeded().forPath("/cache/a/b", Znodes.bytes("0"));
        a.create().forPath("/cache/c", Znodes.bytes("0"));
        Transcript.Events seen = new Transcript.Events();
        try (CuratorCache cache = noting(a, "/cache", seen)) {
            seen.tellSorted("at first", 5);
            changes(a, seen, 1);
            Transcript.op("size", () -> cache.size());
            Transcript.op("what it has", () -> cache.stream().map(Caches::data).sorted().reduce("", (x, y) -> x + y + "; "));
            a.delete().deletingChildrenIfNeeded().forPath("/cache");
            seen.tell("all of it goes", 5);
            a.create().creatingParentsIfNeeded().forPath("/cache/a", Znodes.bytes("again"));
            seen.tell("and returns", 2);
        }
    }

    /** Makes changes one after the other, of which each gives n events. */
    private static void changes(CuratorFramework a, Transcript.Events seen, int n) throws Exception {
        a.setData().forPath("/cache/a", Znodes.bytes("1"));
        seen.tell("change", n);
        a.create().forPath("/cache/d", Znodes.bytes("1"));
        seen.tell("creation", n);
        a.create().forPath("/cache/d/e", Znodes.bytes("1"));
        seen.tell("creation below", n);
        a.setData().forPath("/cache/d/e", Znodes.bytes("2"));
        seen.tell("change below", n);
        a.delete().forPath("/cache/d/e");
        seen.tell("deletion below", n);
    }

    private static void tree(CuratorFramework a) throws Exception {
        Transcript.say("# a tree cache");
        Transcript.Events seen = new Transcript.Events();
        try (TreeCache cache = new TreeCache(a, "/cache")) {
            cache.getListenable().addListener((c, e) -> seen.note(e.getType() + " " + data(e.getData())));
            cache.start();
            seen.tell("at first", 3);
            changes(a, seen, 1);
            Transcript.op("children", () -> new java.util.TreeSet<>(cache.getCurrentChildren("/cache").keySet()));
        }
    }

    private static void pathChildren(CuratorFramework a) throws Exception {
        Transcript.say("# a path's children cache");
        Transcript.Events seen = new Transcript.Events();
        try (PathChildrenCache cache = new PathChildrenCache(a, "/cache", true)) {
            cache.getListenable().addListener((c, e) -> seen.note(e.getType() + " " + data(e.getData())));
            cache.start(PathChildrenCache.StartMode.POST_INITIALIZED_EVENT);
            seen.tellSorted("at first", 3);
            a.setData().forPath("/cache/d", Znodes.bytes("7"));
            seen.tell("change", 1);
            a.delete().forPath("/cache/d");
            seen.tell("deletion", 1);
            a.create().forPath("/cache/f", Znodes.bytes("8"));
            seen.tell("creation", 1);
            Transcript.op("what it has", () -> cache.getCurrentData().stream().map(Caches::data).sorted().reduce("", (x, y) -> x + y + "; "));
        }
    }
}
