import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.WatcherRemoveCuratorFramework;
import org.apache.curator.framework.api.CuratorWatcher;
import org.apache.curator.framework.recipes.watch.PersistentWatcher;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;

/** Watches of each kind, and their removal. */
final class Watching {
    private Watching() {}

    private static final AtomicInteger FENCES = new AtomicInteger();

    static String event(WatchedEvent e) {
        return e.getType() + " " + e.getPath();
    }

    /**
     * Says all events of changes made until now. Since events come in the order of
     * changes, that of what this creates and watches itself comes after them.
     */
    static void tell(CuratorFramework c, Transcript.Events seen, String label) throws Exception {
        String fence = "/fence" + FENCES.incrementAndGet();
        Transcript.Events end = new Transcript.Events();
        c.checkExists().usingWatcher((Watcher) e -> end.note("end")).forPath(fence);
        c.create().forPath(fence);
        end.take(1);
        seen.tell(label, 0);
        c.delete().forPath(fence);
    }

    static void all(CuratorFramework a, String servers) throws Exception {
        once(a);
        try (CuratorFramework b = Peer.connect(servers)) {
            persistent(a, b);
        }
        removed(a);
    }

    private static void once(CuratorFramework a) throws Exception {
        Transcript.say("# watches");
        Transcript.Events seen = new Transcript.Events();
        CuratorWatcher data = e -> seen.note("data: " + event(e));
        CuratorWatcher children = e -> seen.note("children: " + event(e));
        CuratorWatcher exists = e -> seen.note("exists: " + event(e));
        Transcript.op("none yet", () -> a.checkExists().usingWatcher(exists).forPath("/w"));
        a.create().forPath("/w", Znodes.bytes("0"));
        tell(a, seen, "creation");
        a.getData().usingWatcher(data).forPath("/w");
        a.getChildren().usingWatcher(children).forPath("/w");
        a.setData().forPath("/w", Znodes.bytes("1"));
        a.setData().forPath("/w", Znodes.bytes("2"));
        tell(a, seen, "two changes");
        a.create().forPath("/w/c");
        a.setData().forPath("/w/c", Znodes.bytes("3"));
        tell(a, seen, "a child and its change");
        a.getData().usingWatcher(data).forPath("/w/c");
        a.getChildren().usingWatcher(children).forPath("/w");
        a.delete().forPath("/w/c");
        tell(a, seen, "deletion");
    }

    /** Each kind has a connection of its own: servers before 3.9 kept one mode for each znode and connection. */
    private static void persistent(CuratorFramework a, CuratorFramework b) throws Exception {
        Transcript.say("# persistent watches");
        Transcript.Events flats = new Transcript.Events();
        Transcript.Events deeps = new Transcript.Events();
        Watcher flat = e -> flats.note(event(e));
        Watcher deep = e -> deeps.note(event(e));
        Transcript.op("add", () -> a.watchers().add().withMode(AddWatchMode.PERSISTENT).usingWatcher(flat).forPath("/w"));
        Transcript.op("add a recursive one", () -> b.watchers().add().withMode(AddWatchMode.PERSISTENT_RECURSIVE).usingWatcher(deep).forPath("/w"));
        a.setData().forPath("/w", Znodes.bytes("1"));
        a.setData().forPath("/w", Znodes.bytes("2"));
        both(a, b, flats, deeps, "two changes");
        a.create().forPath("/w/a");
        a.create().forPath("/w/a/b");
        a.setData().forPath("/w/a/b", Znodes.bytes("x"));
        a.delete().forPath("/w/a/b");
        a.delete().forPath("/w/a");
        both(a, b, flats, deeps, "a subtree that came and went");
        a.transaction().forOperations(a.transactionOp().create().forPath("/w/t"), a.transactionOp().setData().forPath("/w"),
            a.transactionOp().delete().forPath("/w/t"));
        both(a, b, flats, deeps, "a transaction");
        a.delete().forPath("/w");
        a.create().forPath("/w");
        both(a, b, flats, deeps, "its own end and return");
        Transcript.op("remove", () -> a.watchers().remove(flat).forPath("/w"));
        Transcript.op("remove again", () -> a.watchers().remove(flat).forPath("/w"));
        a.create().forPath("/w/a");
        both(a, b, flats, deeps, "the other is left");
        Transcript.op("remove it", () -> b.watchers().remove(deep).ofType(Watcher.WatcherType.Any).forPath("/w"));
        both(a, b, flats, deeps, "none is left");
        try (PersistentWatcher w = new PersistentWatcher(a, "/w", true)) {
            w.getListenable().addListener(e -> deeps.note(event(e)));
            Transcript.Events ready = new Transcript.Events();
            w.getResetListenable().addListener(() -> ready.note("set"));
            w.start();
            ready.tell("the recipe", 1);
            a.create().forPath("/w/a/b");
            tell(a, deeps, "creation");
        }
    }

    private static void both(CuratorFramework a, CuratorFramework b, Transcript.Events flats, Transcript.Events deeps, String label) throws Exception {
        tell(a, flats, label);
        tell(b, deeps, "to the recursive one");
    }

    private static void removed(CuratorFramework a) throws Exception {
        Transcript.say("# removal of watches");
        Transcript.Events seen = new Transcript.Events();
        WatcherRemoveCuratorFramework facade = a.newWatcherRemoveCuratorFramework();
        Watcher data = e -> seen.note("data: " + event(e));
        facade.getData().usingWatcher(data).forPath("/w");
        facade.getData().usingWatcher(data).forPath("/w/a");
        facade.removeWatchers();
        seen.tellSorted("removed", 2);
        a.setData().forPath("/w", Znodes.bytes("x"));
        tell(a, seen, "after that");
        Transcript.op("of what has none", () -> a.watchers().removeAll().forPath("/w"));
        Transcript.op("of what is not there", () -> a.watchers().removeAll().forPath("/no"));
        a.getChildren().usingWatcher(data).forPath("/w");
        Transcript.op("of another type", () -> a.watchers().removeAll().ofType(Watcher.WatcherType.Data).forPath("/w"));
        Transcript.op("of its type", () -> a.watchers().removeAll().ofType(Watcher.WatcherType.Children).forPath("/w"));
        tell(a, seen, "which says so");
        Transcript.op("clear", () -> a.delete().deletingChildrenIfNeeded().forPath("/w"));
    }
}
