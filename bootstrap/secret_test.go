package bootstrap

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"coffeeshop/bootstrap/config"
)

func TestNewKeys_MakesASecretOnceForAll(t *testing.T) {
	t.Parallel()
	cfg := config.Config{DataDir: filepath.Join(t.TempDir(), "a", "data")}
	made := make([]keys, 16)
	var all sync.WaitGroup
	for i := range made {
		all.Go(func() {
			var err error
			if made[i], err = newKeys(cfg); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, k := range made {
		if k != made[0] || len(k.secret.Reveal()) < config.SecretMinBytes {
			t.Fatal("processes that started at the same time have different secrets")
		}
	}
	for path, mode := range map[string]os.FileMode{cfg.DataDir: 0o700, filepath.Join(cfg.DataDir, secretFile): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: mode %v, %v, want %v", path, info.Mode(), err, mode)
		}
	}
	if entries, err := os.ReadDir(cfg.DataDir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestNewKeys_KeepsTheSecretThatIsGivenToItself(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load(map[string]string{"SECRET_KEY": secret, "DATA_DIR": filepath.Join(t.TempDir(), "data")})
	if err != nil {
		t.Fatal(err)
	}
	if k, err := newKeys(cfg); err != nil || k.secret.Reveal() != secret {
		t.Errorf("got another one: %v", err)
	}
	if _, err := os.Stat(cfg.DataDir); !os.IsNotExist(err) {
		t.Errorf("something was written: %v", err)
	}
}

func TestNewKeys_RefusesADamagedSecret(t *testing.T) {
	t.Parallel()
	cfg := config.Config{DataDir: t.TempDir()}
	path := filepath.Join(cfg.DataDir, secretFile)
	if err := os.WriteFile(path, []byte("sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := newKeys(cfg)
	if err == nil || !strings.Contains(err.Error(), path+": it has only 6 bytes, at least 32 are needed") || strings.Contains(err.Error(), "sesame") {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "sesame\n" {
		t.Errorf("the file was changed: %q, %v", text, err)
	}
}
