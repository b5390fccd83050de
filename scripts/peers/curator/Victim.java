import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.zookeeper.CreateMode;

/** A session in a process of its own, which holds what there is to hold, and can be killed. */
final class Victim implements AutoCloseable {
    private final Process process;

    Victim(String servers, String root, int timeout) throws IOException {
        process = new ProcessBuilder(ProcessHandle.current().info().command().orElse("java"), "-cp", System.getProperty("java.class.path"),
            "Peer", servers, root, String.valueOf(timeout)).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String line = new BufferedReader(new InputStreamReader(process.getInputStream())).readLine();
        if (!"holds".equals(line)) {
            throw new IOException("the victim said " + line);
        }
    }

    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor(Transcript.PATIENCE, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** What the process does until it is killed, or who started it ends. */
    static void be(String servers, String root, int timeout) throws Exception {
        CuratorFramework c = Peer.connect(CuratorFrameworkFactory.builder().connectString(servers), timeout);
        c.create().withMode(CreateMode.EPHEMERAL).forPath(root + "/ephemeral");
        LeaderLatch latch = new LeaderLatch(c, root + "/latch", "victim");
        latch.start();
        latch.await();
        new InterProcessMutex(c, root + "/mutex").acquire();
        System.out.println("holds");
        System.out.flush();
        while (System.in.read() >= 0) {
            // Nothing is said.
        }
        System.exit(0);
    }
}
